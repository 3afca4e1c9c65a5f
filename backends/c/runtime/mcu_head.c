
/* ---- Scores and classes. ---- */

static void NAME_sample(const NAME_element *x, uint8_t *v, int32_t *scores)
{
    size_t c;
    for (c = 0; c < NAME_CLASSES; c++) {
        scores[c] = NAME_offset[c];
    }
    NAME_evaluate(x, v, scores);
}

void NAME_predict_in(void *workspace, const NAME_element *features, size_t n, int32_t *classes)
{
    size_t i, c;
    for (i = 0; i < n; i++) {
        int32_t scores[NAME_CLASSES], best = 0;
        NAME_sample(features + i * NAME_FEATURES, (uint8_t *)workspace, scores);
        for (c = 1; c < NAME_CLASSES; c++) {
            if (scores[c] > scores[best]) {
                best = (int32_t)c;
            }
        }
        classes[i] = best;
    }
}

void NAME_scores_in(void *workspace, const NAME_element *features, size_t n, int32_t *scores)
{
    size_t i;
    for (i = 0; i < n; i++) {
        NAME_sample(features + i * NAME_FEATURES, (uint8_t *)workspace, scores + i * NAME_CLASSES);
    }
}

#if NAME_WORKSPACE <= NAME_STACK
void NAME_predict(const NAME_element *features, size_t n, int32_t *classes)
{
    uint8_t workspace[NAME_WORKSPACE];
    NAME_predict_in(workspace, features, n, classes);
}

void NAME_scores(const NAME_element *features, size_t n, int32_t *scores)
{
    uint8_t workspace[NAME_WORKSPACE];
    NAME_scores_in(workspace, features, n, scores);
}
#endif
