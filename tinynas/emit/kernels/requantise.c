/* Requantisation in its general form; nearly all channels qualify for `tinynas_scale` instead. */
#include "tinynas_kernels.h"

static int32_t scaled(int32_t acc, int32_t multiplier, int32_t right)
{
    const int32_t left = right < 0 ? -1 - right : 0;
    const int32_t shifted = (int32_t)((uint32_t)acc << left);
    const int32_t high = (int32_t)(((int64_t)shifted * multiplier + (1 << 30)) >> 31);
    if (right < 0) {
        return high;
    }
    /* cppcheck-suppress shiftTooManyBits ; shifts are 31 at most */
    const uint32_t mask = ((uint32_t)2 << right) - 1u;
    const uint32_t remainder = (uint32_t)high & mask;
    const uint32_t threshold = (mask >> 1) + (high < 0 ? 1u : 0u);
    return (high >> right >> 1) + (remainder > threshold ? 1 : 0);
}

int32_t tinynas_requantise(int32_t acc, int32_t multiplier, int32_t right, int32_t zero_point,
                           int32_t minimum, int32_t maximum)
{
    const int32_t value = scaled(acc, multiplier, right);
    /* Clamp before the zero point is added: the sum could leave int32. */
    if (value <= minimum - zero_point) {
        return minimum;
    }
    if (value >= maximum - zero_point) {
        return maximum;
    }
    return value + zero_point;
}

int32_t tinynas_rescale(const tinynas_conv_op *op, int32_t acc, int32_t multiplier, int32_t right)
{
    const int32_t zero_point = op->output.zero_point;
    if (right >= 0) {
        return tinynas_scale(acc, multiplier, right, tinynas_scale_offset(zero_point, right));
    }
    return tinynas_requantise(acc, multiplier, right + TINYNAS_GENERAL, zero_point, op->minimum,
                              op->maximum);
}
