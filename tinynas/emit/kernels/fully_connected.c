/* Matrix times vector, at every position; four outputs at a time.
 *
 * constants  for each output, as words: bias, less the products with the input's zero point; multiplier;
 *            multiplier, high word | shift << 24; weights, a byte an input.  Where the shift is SHORT and
 *            above the multiplier is one word, and the layer clamps to int8
 * scratch    none
 * order      none
 *
 * LiteRT rounds the sum times a double; where that steps from output to output the generator knows, and
 * makes the integers step there: see tinynas/graph/arithmetic/stepwise.py and tinynas/emit/direct.py.
 */
#include "tinynas_kernels.h"

#define SHORT 128u

/* Four rows of weights (fewer where they repeat): two of them `step` words apart, and two below. */
typedef struct {
    const uint32_t *upper;
    const uint32_t *lower;
    uint32_t step;
} rows;

static void four_products(tinynas_four *to, rows r, const int8_t *x, uint32_t inputs)
{
    tinynas_four sums = {(int32_t)r.upper[0], (int32_t)r.upper[r.step], (int32_t)r.lower[0],
                         (int32_t)r.lower[r.step]};
    r.upper += 3;
    r.lower += 3;
    for (const int8_t *const end = x + (inputs & ~7u); x != end;) {
        tinynas_add_rows(&sums, &x, &r.upper, &r.lower, r.step);
        tinynas_add_rows(&sums, &x, &r.upper, &r.lower, r.step);
    }
    if ((inputs & 4u) != 0) {
        tinynas_add_rows(&sums, &x, &r.upper, &r.lower, r.step);
    }
    if ((inputs & 3u) != 0) {
        int8_t rest[4] = {x[0], 0, 0, 0};
        for (uint32_t i = 1; i < (inputs & 3u); ++i) {
            rest[i] = x[i];
        }
        const int8_t *last = rest;
        tinynas_add_rows(&sums, &last, &r.upper, &r.lower, r.step);
    }
    *to = sums;
}

/* acc * multiplier / 2^shift, rounded to nearest, ties away from zero, clamped to [low, high]; what
 * is rounded stays below 2^62.
 */
TINYNAS_NOINLINE int32_t scale(int32_t acc, uint32_t multiplier, uint32_t multiplier_and_shift,
                               int32_t low, int32_t high)
{
    const uint32_t shift = multiplier_and_shift >> 24;
    const uint32_t high_word = multiplier_and_shift & 0xffffffu;
    const int64_t factor = (int64_t)(((uint64_t)high_word << 32) | multiplier);
    const int64_t half = (int64_t)1 << (shift - 1u);
    const int64_t scaled = (acc * factor + half - (acc < 0 ? 1 : 0)) >> shift;
    return scaled < low ? low : scaled > high ? high : (int32_t)scaled;
}

TINYNAS_INLINE int8_t output_of(const tinynas_fully_connected_op *op, int32_t sum,
                                const uint32_t *row)
{
    const int32_t zero_point = op->output_zero_point;
    if (row[2] >= SHORT << 24) {
        const uint32_t right = (row[2] >> 24) - SHORT;
        const int32_t high = (int32_t)((int64_t)sum * (int32_t)row[1] >> 32);
        return (int8_t)tinynas_saturated_half(
            (high + tinynas_scale_offset(zero_point, (int32_t)right)) >> right);
    }
    return (int8_t)(scale(sum, row[1], row[2], op->minimum - zero_point, op->maximum - zero_point)
                    + zero_point);
}

/* `count` outputs, one to four, of the rows from `row` on. */
TINYNAS_NOINLINE void outputs_of(const tinynas_fully_connected_op *op, const int8_t *x,
                                 const uint32_t *row, int32_t count, int8_t *y)
{
    const uint32_t step = 3 + (op->inputs + 3u) / 4u;
    const uint32_t *const lower = row + (count > 2 ? (uint32_t)(count - 2) * step : 0);
    tinynas_four sums;
    four_products(&sums, (rows){row, lower, count > 1 ? step : 0}, x, op->inputs);
    const int32_t last[4] = {sums.a, sums.b, count > 3 ? sums.c : sums.d, sums.d};
    for (int32_t i = 0; i < count; ++i) {
        y[i] = output_of(op, last[i], row);
        row += step;
    }
}

static void position(const tinynas_fully_connected_op *op, const int8_t *x, int8_t *y)
{
    const uint32_t step = 3 + (op->inputs + 3u) / 4u;
    const uint32_t *row = op->constants;
    const int8_t *const end = y + op->outputs;
    for (; end - y >= 4; y += 4) {
        outputs_of(op, x, row, 4, y);
        row += 4 * step;
    }
    if (y != end) {
        outputs_of(op, x, row, (int32_t)(end - y), y);
    }
}

void tinynas_fully_connected(const tinynas_fully_connected_op *op, int8_t *arena)
{
    for (uint32_t i = 0; i < op->positions; ++i) {
        position(op, arena + op->input + i * op->inputs, arena + op->output + i * op->outputs);
    }
}
