#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of stack that NAME_outputs may take; with a larger workspace only NAME_outputs_in exists. */
#ifndef NAME_STACK
#define NAME_STACK 262144u
#endif

/* Outputs of n samples. features: n rows of NAME_FEATURES values. outputs: n rows of NAME_OUTPUTS bytes, 0 or 1.
   workspace: NAME_WORKSPACE bytes, of any alignment, one for each thread. */
void NAME_outputs_in(void *workspace, const NAME_element *features, size_t n, uint8_t *outputs);

#ifdef NAME_PACKED_BYTES
/* The same for packed bits: a row is NAME_PACKED_BYTES bytes, feature f being bit f % 8 (the lowest is 0) of byte f / 8. */
void NAME_outputs_packed_in(void *workspace, const uint8_t *features, size_t n, uint8_t *outputs);
#endif

#if NAME_WORKSPACE <= NAME_STACK
/* The same with the workspace on the stack. */
void NAME_outputs(const NAME_element *features, size_t n, uint8_t *outputs);
#endif

#ifdef __cplusplus
}
#endif
