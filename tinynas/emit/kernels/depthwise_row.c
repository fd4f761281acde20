/* Depthwise convolution 3 x 3 of stride 1 with int16 weights: multiplier 1, channels in fours, at most one
 * row or column of padding at any side, clamped at -128.
 *
 * Two channels of a row of outputs after the other, whatever rows there are and wherever they lie: so
 * streams, which compute a row or a part of one at a time, need no more of their input for it.  The
 * middle row and the middle column of a window always lie in the input.
 *
 * constants  for every two channels, as words: of one, then of the other, what ends an output (weights of
 *            rows 0 and 1 of the second column and of the third, of row 2 of these two); multiplier and
 *            offset of one, then of the other; of one, then of the other, what begins an output (bias,
 *            weights of rows 0 and 1 of the first column and of the second, of row 2 of these two).
 *            Weights and bias are multiplied by 2^(k - 4) (docs/kernels.md), so outputs lie above twelve bits
 * scratch    a pixel of zero points
 * order      planes: two channels' outputs of a row, then the next two channels'
 */
#include "tinynas_kernels.h"

#if defined(TINYNAS_ASSEMBLY)

void tinynas_slide_pairs(const tinynas_row *run);

#else

/* Constants of two channels. */
enum { PAIR_WORDS = 18, ENDING = 3, NUMBERS = 6, BEGINNING = 10 };

/* Where a row of column `column` of the run lies. */
static const int8_t *input_of(const tinynas_row *run, int32_t row, int32_t column, int32_t columns,
                              int32_t channel)
{
    if (column == 0 || column == columns + 1) {
        return run->arena + (column == 0 ? run->first : run->last)[row] + channel;
    }
    const int32_t index = column * run->step + channel;
    return run->arena + run->rows[row] + (row == 1 ? index : index & run->masks[row / 2]);
}

/* What row `row` and column `column` of a channel's weights are. */
static int32_t weight_of(const uint32_t *pair, int32_t second, int32_t row, int32_t column)
{
    const uint32_t *const ending = pair + ENDING * second;
    const uint32_t *const beginning = pair + BEGINNING + 4 * second + 1;
    if (row == 2) {
        return tinynas_half(column == 2 ? ending[2] >> 16 : beginning[2] >> (16 * column));
    }
    return tinynas_half((column == 0 ? beginning[0] : ending[column - 1]) >> (16 * row));
}

static void tinynas_slide_pairs(const tinynas_row *run)
{
    const int32_t columns = run->end / run->step;
    int32_t channel = 0;
    for (const uint32_t *pair = run->constants; pair != run->constants_end; pair += PAIR_WORDS) {
        for (int32_t x = 0; x < columns; ++x) {
            int8_t outputs[2];
            for (int32_t second = 0; second < 2; ++second) {
                uint32_t sum = pair[BEGINNING + 4 * second];
                for (int32_t tap = 0; tap < 9; ++tap) {
                    const int32_t row = tap / 3;
                    const int32_t column = tap % 3;
                    const int8_t value = *input_of(run, row, x + column, columns, channel + second);
                    sum += (uint32_t)(value * weight_of(pair, second, row, column));
                }
                outputs[second] = tinynas_above_12(sum, pair + NUMBERS + 2 * second);
            }
            run->output[x * run->step + channel] = outputs[0];
            run->output[x * run->step + channel + 1] = outputs[1];
        }
        channel += 2;
    }
}

#endif

void tinynas_depthwise_row(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
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
    const int32_t left = window.column - op->padding_left;
    const int32_t ends_inside = left + count + 1 < op->input.columns;
    tinynas_row run;
    run.arena = arena;
    run.step = step;
    run.end = count * step;
    run.constants = op->constants;
    run.constants_end = op->constants + step / 2 * 18;
    for (int32_t row = window.row; row < window.row_end; ++row) {
        const int32_t top = row - op->padding_top;
        for (int32_t i = 0; i < 3; ++i) {
            const int32_t there = top + i >= 0 && top + i < op->input.rows;
            int32_t at = padding;
            if (there != 0) {
                at = (int32_t)op->input.offset + (left - input.first_column) * step
                     + tinynas_slot(&input, top + i) * input.row_bytes;
            }
            run.rows[i] = at;
            run.first[i] = left < 0 ? padding : at;
            run.last[i] = there != 0 && ends_inside != 0 ? at + run.end + step : padding;
            if (i != 1) {
                run.masks[i / 2] = -there;
            }
        }
        run.output = tinynas_pixel(&output, row, window.column);
        tinynas_slide_pairs(&run);
    }
}
