/* The walk of a depthwise convolution 5 x 5 or 7 x 7 that computes a row of outputs at a time, wherever its
 * inputs lie, and its portable products.  So streams, whose rings hold no more than what a row sees, run it.
 *
 * Channels four by four; the columns that four outputs see are taken apart, and what the next four see,
 * too, is kept.
 *
 * constants  for every channel, as words: bias; weights of rows 0 and 1, a word a column, of rows 2 and 3,
 *            and so on; of the last row two columns a word, a zero last, and with stride 1 (for outputs that
 *            begin with the second column of a word) once more, a zero first; multiplier, offset.  Weights
 *            and bias are multiplied by 2^(k - 4) (docs/kernels.md), so outputs lie above twelve bits
 * columns    of four channels: for every two rows a word a column, the upper one in the lower half; of
 *            the last row a word for two columns
 * scratch    columns
 * order      planes: four channels' outputs of a row, then the next four channels'
 */
#include "tinynas_kernels.h"

static int32_t clamped(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

void tinynas_strips_by(tinynas_strip_function product, const tinynas_conv_op *op, int8_t *arena,
                       const tinynas_tile *tile)
{
    tinynas_view input;
    tinynas_view output;
    tinynas_window window;
    tinynas_view_of(&input, &op->input, arena, tile);
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window_of(&window, &op->output, op->window, tile);
    const int32_t size = op->kernel_rows;
    const int32_t stride = op->stride_rows;
    const int32_t left = window.column * stride - op->padding_left;
    const int32_t seen = (window.column_end - window.column - 1) * stride + size;
    const int32_t first = clamped(left, 0, op->input.columns);
    const int32_t inside = clamped(left + seen, first, op->input.columns) - first;
    const int32_t rows = inside > 0 ? op->input.rows : 0; /* that have anything to read */
    const int32_t kept = size - 1 + 4 * stride;
    const int32_t plane = 4 * (size / 2 * kept + kept / 2);
    tinynas_strip strip;
    strip.columns = arena + op->scratch;
    strip.columns_end = strip.columns + 4 * plane;
    strip.step = input.channels;
    strip.inside = inside * input.channels;
    strip.first = (left - first) * input.channels;
    strip.outputs = window.column_end - window.column;
    strip.constants_end = op->constants + op->output.channels * tinynas_strip_words(size, stride);
    strip.fill = ((uint32_t)op->input.zero_point & 0xffffu) * 0x00010001u;
    strip.padding = ((uint32_t)op->input.zero_point & 0xffu) * 0x01010101u;
    for (int32_t row = window.row; row < window.row_end && strip.outputs > 0; ++row) {
        int32_t missing = 0;
        for (int32_t i = 0; i < size; ++i) {
            const int32_t from = row * stride - op->padding_top + i;
            const int32_t there = from >= 0 && from < rows;
            strip.rows[i] = there != 0 ? tinynas_pixel(&input, from, first) : NULL;
            missing |= there == 0;
        }
        for (int32_t i = 0; missing != 0 && i < 4 * plane; i += 4) {
            tinynas_store_aligned(strip.columns + i, strip.fill);
        }
        strip.output = tinynas_pixel(&output, row, window.column);
        strip.constants = op->constants;
        product(&strip);
    }
}

#if !defined(TINYNAS_ASSEMBLY)

static int32_t weight_of(const uint32_t *constants, int32_t size, int32_t row, int32_t column)
{
    if (row == size - 1) {
        return tinynas_half(constants[1 + row / 2 * size + column / 2] >> (16 * (column & 1)));
    }
    return tinynas_half(constants[1 + row / 2 * size + column] >> (16 * (row & 1)));
}

/* An output of a channel; `first`: the index of the first column that it sees. */
static int8_t output_of(const tinynas_strip *strip, int32_t size, int32_t words,
                        const uint32_t *constants, int32_t channel, int32_t first)
{
    uint32_t sum = constants[0];
    for (int32_t row = 0; row < size; ++row) {
        for (int32_t column = 0; column < size; ++column) {
            const int32_t at = first + column * strip->step;
            int32_t value = tinynas_half(strip->fill);
            if (strip->rows[row] != NULL && at >= 0 && at < strip->inside) {
                value = strip->rows[row][at + channel];
            }
            sum += (uint32_t)(value * weight_of(constants, size, row, column));
        }
    }
    return tinynas_above_12(sum, constants + words - 2);
}

void tinynas_strip_twin(const tinynas_strip *strip, int32_t size, int32_t stride)
{
    const int32_t words = tinynas_strip_words(size, stride);
    int32_t channel = 0;
    for (const uint32_t *at = strip->constants; at != strip->constants_end; at += words) {
        for (int32_t i = 0; i < strip->outputs; ++i) {
            const int32_t first = strip->first + i * stride * strip->step;
            strip->output[i * strip->step + channel]
                = output_of(strip, size, words, at, channel, first);
        }
        ++channel;
    }
}

#endif
