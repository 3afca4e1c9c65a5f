
/* ---- No head: the output literals themselves. ---- */

void NAME_outputs_in(void *workspace, const NAME_element *features, size_t n, uint8_t *outputs)
{
    uint8_t *v = (uint8_t *)workspace;
    size_t i, k;
    for (i = 0; i < n; i++) {
        NAME_evaluate(features + i * NAME_FEATURES, v, NULL);
        for (k = 0; k != NAME_OUTPUTS; k++) {
            *outputs++ = (uint8_t)((v[NAME_literal[k] >> 1] ^ NAME_literal[k]) & 1u);
        }
    }
}

#if NAME_WORKSPACE <= NAME_STACK
void NAME_outputs(const NAME_element *features, size_t n, uint8_t *outputs)
{
    uint8_t workspace[NAME_WORKSPACE];
    NAME_outputs_in(workspace, features, n, outputs);
}
#endif
