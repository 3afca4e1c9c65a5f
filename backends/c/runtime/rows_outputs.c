
/* n samples, one after another. v: the workspace. */
static void NAME_row_outputs(uint8_t *v, const NAME_element *x, size_t n, uint8_t *outputs)
{
    size_t i;
    for (i = 0; i < n; i++) {
        NAME_row(x + i * NAME_FEATURES, v, outputs + i * NAME_OUTPUTS);
    }
}
