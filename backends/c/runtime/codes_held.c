/* The code of m * 2^shift steps, of as many below zero where `minus` is set: half to even, held within the type. */
static NAME_element NAME_code_held@WIDTH@(uint@WIDTH@_t m, int shift, int minus, int@WIDTH@_t offset)
{
    const uint@WIDTH@_t most = (uint@WIDTH@_t)1 << @MOST@; /* beyond every code */
    const int@WIDTH@_t low = offset + NAME_CODE_MIN, high = offset + NAME_CODE_MAX;
    int@WIDTH@_t steps;
    if (m == 0u || shift <= -@WIDTH@) {
        m = 0;
    } else if (shift < 0) {
        const uint@WIDTH@_t whole = m >> -shift, rest = m - (whole << -shift);
        const uint@WIDTH@_t half = (uint@WIDTH@_t)1 << (-shift - 1);
        m = rest > half || (rest == half && (whole & 1u) != 0u) ? whole + 1u : whole;
    } else {
        m = shift > @MOST@ || m > most >> shift ? most : m << shift;
    }
    steps = minus ? -(int@WIDTH@_t)m : (int@WIDTH@_t)m;
    steps = steps < low ? low : steps > high ? high : steps;
    return (NAME_element)(steps - offset);
}

