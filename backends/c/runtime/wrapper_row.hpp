
    // The same of a row as the trained table had it.
    std::int32_t predict(const struct NAME_row &row)
    {
        return NAME_predict_row_in(workspace_.data(), &row);
    }

    Scores scores(const struct NAME_row &row)
    {
        Scores found;
        NAME_scores_row_in(workspace_.data(), &row, found.data());
        return found;
    }
