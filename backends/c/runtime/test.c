static size_t wrong_answers(size_t first, size_t n)
{
    size_t i, wrong = 0;
    CALL(workspace, features + first * NAME_FEATURES, n, found);
    for (i = 0; i != n * COLUMNS; i++) {
        wrong += found[i] != answers[first * COLUMNS + i];
    }
    return wrong;
}
