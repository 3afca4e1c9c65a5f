
/* ---- Scores and classes. ---- */

void NAME_predict_in(void *workspace, const NAME_element *features, size_t n, int32_t *classes)
{
    NAME_row_classes((uint8_t *)workspace, features, n, classes);
}

void NAME_scores_in(void *workspace, const NAME_element *features, size_t n, int32_t *scores)
{
    NAME_row_scores((uint8_t *)workspace, features, n, scores);
}
