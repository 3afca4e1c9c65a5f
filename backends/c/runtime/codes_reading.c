NAME_element NAME_code_of_reading(size_t feature, int32_t reading, int exponent)
{
    const uint32_t m = reading < 0 ? 0u - (uint32_t)reading : (uint32_t)reading;
    return NAME_code_held@WIDTH@(m, exponent - NAME_code_exponent[feature], reading < 0, NAME_code_offset[feature]);
}

