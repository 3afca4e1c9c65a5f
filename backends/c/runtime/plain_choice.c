
typedef void NAME_evaluator(const void *features, int packed, size_t n, size_t next, uint64_t *v);

static NAME_evaluator *NAME_choose(void)
{
    return NAME_block;
}
