/* Sum of two tensors of one shape, each with its own scale.
 *
 * scratch    none
 * order      element, four channels at a time; the output may be exactly one of the inputs
 *
 * Where the generator proved it of all 65,536 pairs of inputs, an output is
 * (a * multiplier + b * multiplier + offset) / 2^20, rounded down and clamped to int8, each product in
 * units of 2^8 (tinynas/emit/direct.py).  `output_right` then is DIRECT, and `output_multiplier` the
 * offset.  Elsewhere:
 *
 * LiteRT rounds three times: each input, shifted left by 20, is brought to a common scale of twice
 * the larger one, and the sum to the output's.  No step leaves 30 bits, so the high multiply may
 * take twice its argument.
 */
#include "tinynas_kernels.h"

#define LEFT_SHIFT 20
#define DIRECT 64
#define UPPER_BYTES 0xff00ff00u

/* A rounding multiplication ready for use; `sign` is 0 where nothing is shifted out, else -1. */
typedef struct {
    int32_t multiplier;
    int32_t shift;
    int32_t half;
    int32_t sign;
} factor;

static factor factor_of(int32_t multiplier, int32_t right)
{
    const int32_t shift = right + 1;
    return (factor){multiplier, shift, shift > 0 ? (int32_t)(1u << right) : 0, shift > 0 ? -1 : 0};
}

TINYNAS_INLINE int32_t multiply(int32_t value, const factor *by)
{
    const int32_t high = tinynas_high_word(value * 2, by->multiplier);
    const int32_t less = high < 0 ? by->sign : 0;
    return (high + less + by->half) >> by->shift;
}

TINYNAS_INLINE int32_t scaled_input(int32_t x, int32_t zero_point, const factor *by)
{
    return multiply((x - zero_point) * (1 << LEFT_SHIFT), by);
}

TINYNAS_INLINE int8_t direct(const tinynas_add_op *op, int8_t a, int8_t b)
{
    int32_t sum = op->output_multiplier;
    sum = tinynas_add_lower(sum, op->multipliers[0], (uint32_t)(a * 256));
    sum = tinynas_add_lower(sum, op->multipliers[1], (uint32_t)(b * 256));
    return (int8_t)tinynas_saturated_above_20(sum);
}

static void add_directly(const tinynas_add_op *op, const int8_t *a, const int8_t *b, int8_t *y,
                         int32_t count)
{
    const int32_t offset = op->output_multiplier;
    const int32_t by_a = op->multipliers[0];
    const int32_t by_b = op->multipliers[1];
    uint32_t upper = UPPER_BYTES;
    for (const int8_t *const end = y + (count & ~3); y != end; y += 4) {
        const uint32_t four_a = tinynas_load(a);
        const uint32_t four_b = tinynas_load(b);
        const uint32_t even_a = tinynas_even_bytes_raised(upper, four_a);
        const uint32_t even_b = tinynas_even_bytes_raised(upper, four_b);
        const uint32_t odd_a = upper & four_a;
        const uint32_t odd_b = upper & four_b;
        int32_t first = tinynas_add_lower(offset, by_a, even_a);
        int32_t second = tinynas_add_lower(offset, by_a, odd_a);
        int32_t third = tinynas_add_upper(offset, by_a, even_a);
        int32_t fourth = tinynas_add_upper(offset, by_a, odd_a);
        first = tinynas_saturated_above_20(tinynas_add_lower(first, by_b, even_b));
        second = tinynas_saturated_above_20(tinynas_add_lower(second, by_b, odd_b));
        third = tinynas_saturated_above_20(tinynas_add_upper(third, by_b, even_b));
        fourth = tinynas_saturated_above_20(tinynas_add_upper(fourth, by_b, odd_b));
        tinynas_store(y, tinynas_word(first, second, third, fourth));
        a += 4;
        b += 4;
    }
    for (int32_t i = 0; i < (count & 3); ++i) {
        y[i] = direct(op, a[i], b[i]);
    }
}

static void add_in_steps(const tinynas_add_op *op, const int8_t *a, const int8_t *b, int8_t *y,
                         int32_t count)
{
    const factor left_factor = factor_of(op->multipliers[0], op->rights[0]);
    const factor right_factor = factor_of(op->multipliers[1], op->rights[1]);
    const factor output_factor = factor_of(op->output_multiplier, op->output_right);
    for (int32_t i = 0; i < count; ++i) {
        const int32_t sum = scaled_input(a[i], op->inputs[0].zero_point, &left_factor)
                            + scaled_input(b[i], op->inputs[1].zero_point, &right_factor);
        const int32_t value = multiply(sum, &output_factor) + op->output.zero_point;
        y[i] = (int8_t)(value < op->minimum   ? op->minimum
                        : value > op->maximum ? op->maximum
                                              : value);
    }
}

void tinynas_add(const tinynas_add_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_view left;
    tinynas_view_of(&left, &op->inputs[0], arena, tile);
    tinynas_view right;
    tinynas_view_of(&right, &op->inputs[1], arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    const int32_t count = (window.column_end - window.column) * output.channels;
    for (int32_t row = window.row; row < window.row_end; ++row) {
        const int8_t *a = tinynas_pixel(&left, row, window.column);
        const int8_t *b = tinynas_pixel(&right, row, window.column);
        int8_t *y = tinynas_pixel(&output, row, window.column);
        if (op->output_right == DIRECT) {
            add_directly(op, a, b, y, count);
        } else {
            add_in_steps(op, a, b, y, count);
        }
    }
}
