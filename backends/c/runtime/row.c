uint32_t NAME_margin(const int32_t *scores)
{
    int32_t best = scores[0], second = best;
    size_t c;
    for (c = 1; c < NAME_CLASSES; c++) {
        if (scores[c] > best) {
            second = best;
            best = scores[c];
        } else if (c == 1u || scores[c] > second) {
            second = scores[c];
        }
    }
    return (uint32_t)best - (uint32_t)second;
}
