
static inline int32_t NAME_row_class(const NAME_element *x, uint8_t *v)
{
    int32_t scores[NAME_CLASSES];
    return NAME_row(x, v, scores);
}

/* n samples, one after another. v: the workspace. */
static inline void NAME_row_classes(uint8_t *v, const NAME_element *x, size_t n, int32_t *classes)
{
    for (; n != 0u; n--, x += NAME_FEATURES) {
        *classes++ = NAME_row_class(x, v);
    }
}

static inline void NAME_row_scores(uint8_t *v, const NAME_element *x, size_t n, int32_t *scores)
{
    size_t i;
    for (i = 0; i < n; i++) {
        (void)NAME_row(x + i * NAME_FEATURES, v, scores + i * NAME_CLASSES);
    }
}
