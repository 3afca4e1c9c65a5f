
/* ---- No head: the output literals themselves. ---- */

void NAME_outputs_in(void *workspace, const NAME_element *features, size_t n, uint8_t *outputs)
{
    NAME_row_outputs((uint8_t *)workspace, features, n, outputs);
}
