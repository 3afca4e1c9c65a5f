
#if NAME_WORKSPACE <= NAME_STACK
void NAME_outputs(const NAME_element *features, size_t n, uint8_t *outputs)
{
    uint8_t workspace[NAME_WORKSPACE];
    NAME_outputs_in(workspace, features, n, outputs);
}
#endif
