
static int32_t NAME_row_class(const NAME_element *x, uint8_t *v)
{
    int32_t scores[NAME_CLASSES], best = 0, c;
    NAME_row(x, v, scores);
    for (c = 1; c < (int32_t)NAME_CLASSES; c++) {
        best = scores[c] > scores[best] ? c : best;
    }
    return best;
}

/* n samples, one after another. v: the workspace. */
static void NAME_row_classes(uint8_t *v, const NAME_element *x, size_t n, int32_t *classes)
{
    size_t i;
    for (i = 0; i < n; i++) {
        classes[i] = NAME_row_class(x + i * NAME_FEATURES, v);
    }
}

static void NAME_row_scores(uint8_t *v, const NAME_element *x, size_t n, int32_t *scores)
{
    size_t i;
    for (i = 0; i < n; i++) {
        NAME_row(x + i * NAME_FEATURES, v, scores + i * NAME_CLASSES);
    }
}
