
/* The row's NAME_FEATURES values: missing numbers filled in, categories as one value for each. */
void NAME_features(const struct NAME_row *row, NAME_element *features);

/* The class, and the scores, of a row. workspace: as in NAME.h. */
int32_t NAME_predict_row_in(void *workspace, const struct NAME_row *row);
void NAME_scores_row_in(void *workspace, const struct NAME_row *row, int32_t *scores);

#if NAME_WORKSPACE <= NAME_STACK
/* The same with the workspace on the stack. */
int32_t NAME_predict_row(const struct NAME_row *row);
void NAME_scores_row(const struct NAME_row *row, int32_t *scores);
#endif
