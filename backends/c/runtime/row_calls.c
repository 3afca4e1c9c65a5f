
int32_t NAME_predict_row_in(void *workspace, const struct NAME_row *row)
{
    NAME_element features[NAME_FEATURES];
    int32_t found;
    NAME_features(row, features);
    NAME_predict_in(workspace, features, 1, &found);
    return found;
}

void NAME_scores_row_in(void *workspace, const struct NAME_row *row, int32_t *scores)
{
    NAME_element features[NAME_FEATURES];
    NAME_features(row, features);
    NAME_scores_in(workspace, features, 1, scores);
}

#if NAME_WORKSPACE <= NAME_STACK
int32_t NAME_predict_row(const struct NAME_row *row)
{
    uint8_t workspace[NAME_WORKSPACE];
    return NAME_predict_row_in(workspace, row);
}

void NAME_scores_row(const struct NAME_row *row, int32_t *scores)
{
    uint8_t workspace[NAME_WORKSPACE];
    NAME_scores_row_in(workspace, row, scores);
}
#endif
