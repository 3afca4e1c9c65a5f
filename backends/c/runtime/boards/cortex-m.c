/* A Cortex-M as qemu-system-arm has it: vectors, start, semihosting; then the timer of @MACHINE@. MIT licence. */
#include "board.h"

#define SYS_WRITE0 0x04u
#define SYS_EXIT 0x18u
#define EXIT_GOOD 0x20026u
#define EXIT_BAD 0x20023u

extern uint32_t data_in_flash[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];
int main(void);
void reset(void);
static void fault(void);

/* Reset, NMI, four faults; after gaps SVCall, debug, PendSV and SysTick. */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*handler[15])(void);
} vectors = {stack_top, {reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault}};

static uint32_t semihost(uint32_t operation, uint32_t argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register uint32_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void fault(void)
{
    board_stop(1);
}

void reset(void)
{
    const uint32_t *from = data_in_flash;
    uint32_t *to;
#ifdef __ARM_FP
    *(volatile uint32_t *)0xe000ed88u |= 0xfu << 20; /* the floating-point unit on */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
    for (to = data_start; to != data_end; to++) {
        *to = *from++;
    }
    for (to = bss_start; to != bss_end; to++) {
        *to = 0;
    }
    board_stop(main());
}

void board_put(char letter)
{
    static char line[128];
    static unsigned used;
    line[used++] = letter;
    if (letter == '\n' || used == sizeof line - 1u) {
        line[used] = '\0';
        (void)semihost(SYS_WRITE0, (uint32_t)line);
        used = 0;
    }
}

void board_stop(int failed)
{
    for (;;) {
        (void)semihost(SYS_EXIT, failed != 0 ? EXIT_BAD : EXIT_GOOD);
    }
}
