// NAME.h as a C++11 class. Written by lgnc. MIT licence.
#ifndef NAME_HPP
#define NAME_HPP

#include "NAME_row.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace NAME_cpp {

// Holds the workspace of its calls, NAME_WORKSPACE bytes, and takes no other memory: one object for each thread.
class Classifier {
public:
    static constexpr std::size_t features = NAME_FEATURES;
    static constexpr std::size_t classes = NAME_CLASSES;
    using Features = std::array<NAME_element, NAME_FEATURES>;
    using Scores = std::array<std::int32_t, NAME_CLASSES>;

    // The class of one sample, and of n.
    std::int32_t predict(const Features &sample)
    {
        std::int32_t found;
        NAME_predict_in(workspace_.data(), sample.data(), 1, &found);
        return found;
    }

    void predict(const NAME_element *samples, std::size_t n, std::int32_t *found)
    {
        NAME_predict_in(workspace_.data(), samples, n, found);
    }

    Scores scores(const Features &sample)
    {
        Scores found;
        NAME_scores_in(workspace_.data(), sample.data(), 1, found.data());
        return found;
    }
@ROW@
    // How sure the class is: see NAME_margin.
    static std::uint32_t margin(const Scores &scores)
    {
        return NAME_margin(scores.data());
    }

    // A class's name, or "" for what is none.
    static const char *name(std::int32_t which)
    {
        return which >= 0 && static_cast<std::size_t>(which) < classes ? NAME_class_names[which] : "";
    }

private:
    std::array<unsigned char, NAME_WORKSPACE> workspace_;
};

} // namespace NAME_cpp

#endif
