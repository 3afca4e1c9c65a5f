
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
