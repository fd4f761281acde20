/* Depthwise convolution 3 x 3 of stride 2 with int16 weights: multiplier 1, channels in fours, at most one
 * row or column of padding at any side, clamped at -128.
 *
 * Four channels of a row of outputs after the other.  The column that two neighbouring outputs see is
 * taken apart once.  The middle row and the middle column of a window always lie in the input.
 *
 * constants  for every four channels, as words: bias [4]; weights of the first column, of the second and
 *            of the third: four words of rows 0 and 1 (a channel each), two of row 2 (channels 0 and 2,
 *            then 1 and 3), of the second column these two first; multiplier and offset [4].  Weights and
 *            bias are multiplied by 2^(k - 4) (docs/kernels.md), so outputs lie above twelve bits
 * scratch    a pixel of zero points
 * order      planes: four channels' outputs of a row, then the next four channels'
 */
#include "tinynas_kernels.h"

#if defined(TINYNAS_ASSEMBLY)

void tinynas_slide_3(const tinynas_slide *run);

#else

/* Four channels of the three inputs in a column. */
typedef struct {
    const int8_t *rows[3];
} column;

/* What a column adds to the sum of one of four channels. */
static uint32_t products(const column *x, const uint32_t *pairs, const uint32_t *thirds,
                         int32_t channel)
{
    const uint32_t third = thirds[channel & 1] >> (16 * (channel >> 1));
    const uint32_t pair = pairs[channel];
    return (uint32_t)(x->rows[0][channel] * tinynas_half(pair))
           + (uint32_t)(x->rows[1][channel] * tinynas_half(pair >> 16))
           + (uint32_t)(x->rows[2][channel] * tinynas_half(third));
}

static void tinynas_slide_3(const tinynas_slide *run)
{
    const int32_t masks[3] = {run->masks[0], -1, run->masks[1]};
    const int8_t padding[4] = {(int8_t)run->padding, (int8_t)run->padding, (int8_t)run->padding,
                               (int8_t)run->padding};
    const uint32_t *constants = run->constants;
    int8_t *output = run->output;
    for (int32_t at = 0; constants != run->constants_end; at += 2) {
        column left;
        for (int32_t i = 0; i < 3; ++i) {
            left.rows[i] = run->arena + run->first[i] + 2 * at;
        }
        int8_t *pixel = output;
        for (int32_t x = at + run->step; x <= at + run->span + 2; x += run->step) {
            column middle;
            column right;
            for (int32_t i = 0; i < 3; ++i) {
                const int32_t index = 2 * (x & masks[i]);
                middle.rows[i] = run->arena + run->middle[i] + index;
                right.rows[i] = x == at + run->end ? padding : run->arena + run->shared[i] + index;
            }
            for (int32_t channel = 0; channel < 4; ++channel) {
                const uint32_t sum = constants[channel]
                                     + products(&left, constants + 4, constants + 8, channel)
                                     + products(&middle, constants + 12, constants + 10, channel)
                                     + products(&right, constants + 16, constants + 20, channel);
                pixel[channel] = tinynas_above_12(sum, constants + 22 + 2 * channel);
            }
            left = right;
            pixel += run->step;
        }
        constants += 30;
        output += 4;
    }
}

#endif

void tinynas_depthwise_strided(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_view input;
    tinynas_view_of(&input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    const int32_t count = window.column_end - window.column;
    if (count <= 0) {
        return;
    }
    const int32_t step = input.channels;
    const int32_t padding = (int32_t)op->scratch;
    const uint32_t zeros = ((uint32_t)op->input.zero_point & 0xffu) * 0x01010101u;
    for (int32_t i = 0; i < step; i += 4) {
        tinynas_store_aligned(arena + padding + i, zeros);
    }
    const int32_t left = 2 * window.column - op->padding_left;
    tinynas_slide run;
    run.arena = arena;
    run.step = step;
    run.at = 0;
    run.span = count * step - 2;
    run.end = count * step;
    run.padding = zeros;
    run.constants = op->constants;
    run.constants_end = op->constants + step / 4 * 30;
    if (left + 2 * count < op->input.columns) {
        run.end -= 1; /* nothing is equal to it: no column is padding */
    }
    for (int32_t row = window.row; row < window.row_end; ++row) {
        const int32_t top = 2 * row - op->padding_top;
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t there = top + i >= 0 && top + i < op->input.rows;
            int32_t at = padding;
            if (there != 0) {
                at = (int32_t)op->input.offset + (left - input.first_column) * step
                     + tinynas_slot(&input, top + i) * input.row_bytes;
            }
            run.shared[i] = at;
            run.middle[i] = there != 0 ? at - step : at;
            run.first[i] = left < 0 ? padding : at;
            if (i != 1) {
                run.masks[i / 2] = -there;
            }
        }
        run.output = tinynas_pixel(&output, row, window.column);
        tinynas_slide_3(&run);
    }
}
