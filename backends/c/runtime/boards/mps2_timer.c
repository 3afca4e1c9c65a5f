
#define TIMER_CONTROL (*(volatile uint32_t *)0x40000000u)
#define TIMER_VALUE (*(volatile uint32_t *)0x40000004u)
#define TIMER_RELOAD (*(volatile uint32_t *)0x40000008u)

void board_start(void)
{
    TIMER_RELOAD = 0xffffffffu;
    TIMER_VALUE = 0xffffffffu;
    TIMER_CONTROL = 1u;
}

/* A 25 MHz counter. Under qemu -icount shift=6 an instruction takes 64 ns: 8/5 of a count. */
uint32_t board_ticks(void)
{
    return (uint32_t)((uint64_t)(0xffffffffu - TIMER_VALUE) * 5u / 8u);
}
