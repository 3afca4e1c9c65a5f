
/* Each class's share of exp(score / NAME_TAU), in one sum of 1. Needs the C library's exp (-lm). */
void NAME_probabilities(const int32_t *scores, double *probabilities);
