/* Compiled around NAME.c when it is called from another language: its sizes, as the compiler saw them. */
#include "NAME.c"

extern const size_t lgnc_facts[7];
const size_t lgnc_facts[7] = {
    sizeof(NAME_element), NAME_FEATURES, NAME_BLOCK, NAME_WORKSPACE,
#ifdef NAME_CLASSES
    NAME_CLASSES, 0,
#else
    0, NAME_OUTPUTS,
#endif
#ifdef NAME_PACKED_BYTES
    NAME_PACKED_BYTES
#else
    0
#endif
};

void lgnc_tell_facts(size_t *out);
void lgnc_tell_facts(size_t *out)
{
    size_t k;

    for (k = 0; k < sizeof lgnc_facts / sizeof *lgnc_facts; k++)
        out[k] = lgnc_facts[k];
}
