#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of stack that NAME_predict and NAME_scores may take; with a larger workspace only the _in forms exist. */
#ifndef NAME_STACK
#define NAME_STACK 262144u
#endif

/* Classes of n samples. features: n rows of NAME_FEATURES @VALUES@. classes: n class
   indices; the lowest wins a tie. workspace: NAME_WORKSPACE bytes, of any alignment, one for each thread. */
void NAME_predict_in(void *workspace, const NAME_element *features, size_t n, int32_t *classes);

/* Scores of n samples: n rows of NAME_CLASSES, each the number of true literals of a class plus its offset. */
void NAME_scores_in(void *workspace, const NAME_element *features, size_t n, int32_t *scores);

#ifdef NAME_PACKED_BYTES
/* The same for packed bits: a row is NAME_PACKED_BYTES bytes, feature f being bit f % 8 (the lowest is 0) of byte f / 8. */
void NAME_predict_packed_in(void *workspace, const uint8_t *features, size_t n, int32_t *classes);
void NAME_scores_packed_in(void *workspace, const uint8_t *features, size_t n, int32_t *scores);
#endif

#if NAME_WORKSPACE <= NAME_STACK
/* The same with the workspace on the stack. */
void NAME_predict(const NAME_element *features, size_t n, int32_t *classes);
void NAME_scores(const NAME_element *features, size_t n, int32_t *scores);
#endif

#ifdef __cplusplus
}
#endif
