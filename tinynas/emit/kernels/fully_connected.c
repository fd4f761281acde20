/* Matrix times vector, at every position.
 *
 * constants  for each output, as words: bias; multiplier, low word; multiplier, high word | shift << 24;
 *            weights, a byte an input
 * scratch    none
 * order      none
 *
 * LiteRT scales these accumulators with a double; multiplier and shift are integers that round to
 * the same outputs for every accumulator the layer can reach (proved when the code was generated).
 */
#include "tinynas_kernels.h"

static int32_t product(const int8_t *x, const uint32_t *weights, uint32_t inputs,
                       int32_t zero_point, int32_t acc)
{
    const uint32_t offset = tinynas_both_halves(-zero_point);
    for (; inputs >= 4; inputs -= 4) {
        const uint32_t word = tinynas_load(x);
        acc = tinynas_dot(tinynas_add_even_bytes(offset, word), tinynas_even_bytes(*weights), acc);
        acc = tinynas_dot(tinynas_add_odd_bytes(offset, word), tinynas_odd_bytes(*weights), acc);
        x += 4;
        ++weights;
    }
    for (uint32_t i = 0; i < inputs; ++i) {
        const int32_t weight = tinynas_byte(*weights, i);
        acc = (int32_t)((uint32_t)acc + (uint32_t)((x[i] - zero_point) * weight));
    }
    return acc;
}

/* acc * multiplier / 2^shift, rounded to nearest, ties away from zero, clamped to [low, high]; what
 * is rounded stays below 2^62.
 */
static int32_t scale(int32_t acc, uint32_t multiplier, uint32_t multiplier_and_shift, int32_t low,
                     int32_t high)
{
    const uint32_t shift = multiplier_and_shift >> 24;
    const uint32_t high_word = multiplier_and_shift & 0xffffffu;
    const int64_t factor = (int64_t)(((uint64_t)high_word << 32) | multiplier);
    const int64_t half = (int64_t)1 << (shift - 1u);
    const int64_t scaled = (acc * factor + half - (acc < 0 ? 1 : 0)) >> shift;
    return scaled < low ? low : scaled > high ? high : (int32_t)scaled;
}

static void position(const tinynas_fully_connected_op *op, const int8_t *x, int8_t *y)
{
    const uint32_t *constants = op->constants;
    const int32_t zero_point = op->output_zero_point;
    for (uint32_t i = 0; i < op->outputs; ++i) {
        const int32_t acc = product(x, constants + 3, op->inputs, op->input_zero_point,
                                    (int32_t)constants[0]);
        y[i] = (int8_t)(scale(acc, constants[1], constants[2], op->minimum - zero_point,
                              op->maximum - zero_point)
                        + zero_point);
        constants += 3 + (op->inputs + 3u) / 4u;
    }
}

void tinynas_fully_connected(const tinynas_fully_connected_op *op, int8_t *arena)
{
    for (uint32_t i = 0; i < op->positions; ++i) {
        position(op, arena + op->input + i * op->inputs, arena + op->output + i * op->outputs);
    }
}
