static size_t wrong_classes(void)
{
    int32_t classes[VECTORS], alone;
    size_t i, c, wrong = 0;
    NAME_predict_in(workspace, features, VECTORS, classes);
    for (i = 0; i < VECTORS; i++) {
        size_t best = 0;
        for (c = 1; c < NAME_CLASSES; c++) {
            best = answers[i * NAME_CLASSES + c] > answers[i * NAME_CLASSES + best] ? c : best;
        }
        NAME_predict_in(workspace, features + i * NAME_FEATURES, 1, &alone);
        wrong += classes[i] != (int32_t)best || alone != (int32_t)best;
    }
    return wrong;
}
