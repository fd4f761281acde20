/* Softmax of every row, in 32-bit fixed point as LiteRT's reference kernel has it.
 *
 * constants  256 words: the exponential of a byte d below the largest of its row, Q0.31
 * scratch    none
 * order      flat: a row is read whole before it is written
 *
 * Qm.n is a number with n fraction bits.  The sum of a row is Q12.19; it is normalised to between
 * 1/2 and 1, and three Newton steps find its reciprocal.
 */
#include "tinynas_kernels.h"

#define FORTY_EIGHT_BY_17 1515870810      /* Q2.29 */
#define MINUS_THIRTY_TWO_BY_17 (-1010580540) /* Q2.29 */

static int32_t high_multiply(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

static int32_t saturated(int64_t x)
{
    return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

/* Bits of x > 0 up to the highest that is set. */
static int32_t bits_of(int32_t x)
{
    int32_t bits = 0;
    for (; x != 0; x >>= 1) {
        ++bits;
    }
    return bits;
}

/* 1 / x for 1/2 <= x < 1 in Q0.31, halved. */
static int32_t reciprocal(int32_t x)
{
    int32_t y = FORTY_EIGHT_BY_17 + high_multiply(x, MINUS_THIRTY_TWO_BY_17);
    for (int32_t step = 0; step < 3; ++step) {
        const int32_t error = (1 << 29) - high_multiply(x, y);
        y += saturated((int64_t)high_multiply(y, error) * 4);
    }
    return saturated((int64_t)y * 2);
}

static int32_t largest_of(const int8_t *x, uint32_t depth)
{
    int32_t largest = x[0];
    for (uint32_t i = 1; i < depth; ++i) {
        largest = x[i] > largest ? x[i] : largest;
    }
    return largest;
}

void tinynas_softmax(const tinynas_softmax_op *op, int8_t *arena)
{
    const int8_t *x = arena + op->input;
    int8_t *y = arena + op->output;
    const uint32_t *const exponentials = op->constants;
    for (uint32_t row = 0; row < op->rows; ++row) {
        const int32_t largest = largest_of(x, op->depth);
        uint32_t sum = 0;
        for (uint32_t i = 0; i < op->depth; ++i) {
            sum += (exponentials[largest - x[i]] + (1u << 11)) >> 12;
        }
        const int32_t bits = bits_of((int32_t)sum);
        const int32_t inverse = reciprocal((int32_t)(sum << (31 - bits)));
        const int32_t shift = bits + 3;
        for (uint32_t i = 0; i < op->depth; ++i) {
            const int32_t share = high_multiply(inverse, (int32_t)exponentials[largest - x[i]]);
            const uint32_t half = (uint32_t)1 << ((shift - 1) & 31);
            const uint32_t steps = shift > 31 ? 0 : ((uint32_t)share + half) >> shift;
            y[i] = (int8_t)(steps > 255 ? 127 : (int32_t)steps - 128);
        }
        x += op->depth;
        y += op->depth;
    }
}
