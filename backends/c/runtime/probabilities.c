
void NAME_probabilities(const int32_t *scores, double *probabilities)
{
    double sum = 0.0;
    int32_t best = scores[0];
    size_t c;
    for (c = 1; c < NAME_CLASSES; c++) {
        best = scores[c] > best ? scores[c] : best;
    }
    for (c = 0; c < NAME_CLASSES; c++) {
        probabilities[c] = exp(((double)scores[c] - (double)best) / NAME_TAU);
        sum += probabilities[c];
    }
    for (c = 0; c < NAME_CLASSES; c++) {
        probabilities[c] /= sum;
    }
}
