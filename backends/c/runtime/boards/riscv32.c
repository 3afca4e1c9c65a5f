/* A RV32 as qemu-system-riscv32 has it on the machine virt: start, serial port, counter, end. MIT licence. */
#include "board.h"

#define SERIAL (*(volatile uint8_t *)0x10000000u)
#define SERIAL_STATUS (*(volatile uint8_t *)0x10000005u)
#define SERIAL_EMPTY 0x20u
#define FINISHER (*(volatile uint32_t *)0x00100000u)
#define FINISHED_GOOD 0x5555u
#define FINISHED_BAD 0x13333u

extern uint32_t data_in_flash[], data_start[], data_end[], bss_start[], bss_end[];
int main(void);
void reset(void);
void begin(void);
static void fault(void);

/* The instructions for control registers are an extension of their own to newer assemblers. */
__asm__(".option arch, +zicsr");

/* Without a stack yet: the pointer to it, and where faults go. */
__attribute__((section(".reset"), naked, used)) void reset(void)
{
    __asm__ volatile("la sp, stack_top\n\tj begin");
}

__attribute__((aligned(4))) static void fault(void)
{
    board_stop(1);
}

__attribute__((used)) void begin(void)
{
    const uint32_t *from = data_in_flash;
    uint32_t *to;
    __asm__ volatile("csrw mtvec, %0" : : "r"(fault));
    for (to = data_start; to != data_end; to++) {
        *to = *from++;
    }
    for (to = bss_start; to != bss_end; to++) {
        *to = 0;
    }
    board_stop(main());
}

void board_start(void)
{
}

/* Instructions retired. Under qemu -icount, of which some versions count nanoseconds, shift=0 makes both the same. */
uint32_t board_ticks(void)
{
    uint32_t count;
    __asm__ volatile("csrr %0, minstret" : "=r"(count));
    return count;
}

void board_put(char letter)
{
    while ((SERIAL_STATUS & SERIAL_EMPTY) == 0u) {
    }
    SERIAL = (uint8_t)letter;
}

void board_stop(int failed)
{
    for (;;) {
        FINISHER = failed != 0 ? FINISHED_BAD : FINISHED_GOOD;
    }
}
