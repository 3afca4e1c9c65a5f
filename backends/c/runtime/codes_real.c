NAME_element NAME_code@CALL@(size_t feature, @REAL@ value)
{
    @BITS@ bits, m;
    int exponent, minus;
    memcpy(&bits, &value, sizeof bits);
    m = bits & (((@BITS@)1 << @FRACTION@) - 1u);
    exponent = (int)(bits >> @FRACTION@ & @EXPONENTS@u);
    minus = bits >> (8u * sizeof bits - 1u) != 0u;
    if (exponent == @EXPONENTS@) { /* infinite, or NaN */
        return minus || m != 0u ? NAME_CODE_MIN : NAME_CODE_MAX;
    }
    if (exponent == 0) {
        exponent = 1; /* subnormal */
    } else {
        m |= (@BITS@)1 << @FRACTION@;
    }
    exponent -= @BIAS@ + NAME_code_exponent[feature];
    return NAME_code_held@WIDTH@(m, exponent, minus, NAME_code_offset[feature]);
}

size_t NAME_quantise@CALL@(const @REAL@ *values, size_t n, NAME_element *codes)
{
    const @BITS@ infinity = (@BITS@)@EXPONENTS@ << @FRACTION@;
    size_t i, feature, missing = 0;
    for (i = 0; i < n; i++) {
        for (feature = 0; feature < NAME_FEATURES; feature++) {
            @BITS@ bits;
            memcpy(&bits, values, sizeof bits);
            missing += (@BITS@)(bits << 1) > (@BITS@)(infinity << 1);
            *codes++ = NAME_code@CALL@(feature, *values++);
        }
    }
    return missing;
}

