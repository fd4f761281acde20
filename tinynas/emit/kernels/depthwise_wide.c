/* Depthwise convolution with int16 weights: any stride and padding, multiplier 1, channels in fours, an
 * odd number of taps up to 49, clamped at -128.
 *
 * A pixel of outputs after the other, four channels at a time, so it needs no more of its input than the
 * windows of the pixels it computes: it is as fast for two columns of a row as for a whole tensor.
 *
 * constants  for every four channels, as words: bias [4]; int16 weights of the first tap, channels 0 and 2,
 *            then 1 and 3; of the other taps in pairs, the last pair first, a word a channel;
 *            multipliers and offsets of channels 0 and 2, then of 1 and 3.  Weights are multiplied by
 *            2^(k - shift) (docs/kernels.md), sums by 2^shift when they are complete
 * scratch    for every tap where in the arena it lies, as a word; a pixel of zero points, which taps
 *            outside the input read
 * order      element
 */
#include "tinynas_kernels.h"

#if defined(TINYNAS_ASSEMBLY)

void tinynas_depthwise_run(const tinynas_depthwise_pixels *run, const int32_t *taps, int8_t *output,
                           int32_t pixels);

#else

static uint32_t output_of(uint32_t sum, uint32_t multiplier, uint32_t offset)
{
    const int64_t scaled = (int64_t)(int32_t)sum * (int32_t)multiplier
                           + (int64_t)offset * ((int64_t)1 << 32);
    const int32_t value = (int32_t)(scaled >> 48);
    return (uint32_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* Four channels of one pixel, `at` bytes from where the taps begin. */
static uint32_t four_outputs(const tinynas_depthwise_pixels *run, const int32_t *taps, int32_t at,
                             const uint32_t *constants)
{
    const uint32_t *const tail = constants + 6 + 4 * run->pairs;
    uint32_t outputs = 0;
    for (int32_t channel = 0; channel < 4; ++channel) {
        const int8_t *const x = run->arena + at + channel;
        const int32_t odd = channel & 1;
        const int32_t upper = channel >> 1;
        const int32_t first = tinynas_half(constants[4 + odd] >> (16 * upper));
        uint32_t sum = constants[channel] + (uint32_t)(x[taps[0]] * first);
        for (int32_t pair = 0; pair < run->pairs; ++pair) {
            const uint32_t weights = constants[6 + 4 * (run->pairs - 1 - pair) + channel];
            sum += (uint32_t)(x[taps[2 * pair + 1]] * tinynas_half(weights));
            sum += (uint32_t)(x[taps[2 * pair + 2]] * tinynas_half(weights >> 16));
        }
        const uint32_t *const numbers = tail + 4 * odd + upper;
        outputs |= output_of(sum << run->shift, numbers[0], numbers[2]) << (8 * channel);
    }
    return outputs ^ 0x80808080u;
}

static void tinynas_depthwise_run(const tinynas_depthwise_pixels *run, const int32_t *taps,
                                  int8_t *output, int32_t pixels)
{
    for (int32_t pixel = 0; pixel < pixels; ++pixel) {
        const uint32_t *constants = run->constants;
        int32_t at = pixel * run->step;
        while (constants != run->end) {
            tinynas_store(output, four_outputs(run, taps, at, constants));
            constants += 14 + 4 * run->pairs;
            output += 4;
            at += 4;
        }
    }
}

#endif

/* The window of an output pixel, tap by tap; `padding` is read for those that lie outside the input. */
static void list_taps(const tinynas_conv_op *op, const tinynas_view *input, int32_t row,
                      int32_t column, int32_t padding, int32_t *taps)
{
    const int32_t top = row * op->stride_rows - op->padding_top;
    const int32_t left = column * op->stride_columns - op->padding_left;
    for (int32_t y = top; y < top + op->kernel_rows; ++y) {
        const int32_t there = y >= 0 && y < op->input.rows;
        int32_t at = (int32_t)op->input.offset + (left - input->first_column) * input->channels;
        if (there != 0) {
            at += tinynas_slot(input, y) * input->row_bytes;
        }
        for (int32_t x = left; x < left + op->kernel_columns; ++x) {
            *taps++ = there != 0 && x >= 0 && x < op->input.columns ? at : padding;
            at += input->channels;
        }
    }
}

void tinynas_depthwise_wide(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_view input;
    tinynas_view_of(&input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    const int32_t count = op->kernel_rows * op->kernel_columns;
    int32_t *const taps = (int32_t *)(void *)(arena + op->scratch);
    const int32_t padding = (int32_t)op->scratch + 4 * count;
    tinynas_depthwise_pixels run;
    run.pairs = count / 2;
    run.arena = arena;
    run.step = op->stride_columns * input.channels;
    run.shift = op->shift;
    run.constants = op->constants;
    run.end = op->constants + input.channels / 4 * (14 + 4 * run.pairs);
    for (int32_t i = 0; i < input.channels; i += 4) {
        tinynas_store_aligned(arena + padding + i,
                              ((uint32_t)op->input.zero_point & 0xffu) * 0x01010101u);
    }
    /* The output columns whose windows do not leave the input. */
    const int32_t inside = (op->padding_left + op->stride_columns - 1) / op->stride_columns;
    const int32_t room = op->input.columns - op->kernel_columns + op->padding_left;
    const int32_t inside_end = room < 0 ? 0 : room / op->stride_columns + 1;
    for (int32_t row = window.row; row < window.row_end; ++row) {
        const int32_t top = row * op->stride_rows - op->padding_top;
        const int32_t whole = top >= 0 && top + op->kernel_rows <= op->input.rows;
        int8_t *pixel = tinynas_pixel(&output, row, window.column);
        for (int32_t column = window.column; column < window.column_end;) {
            int32_t pixels = 1;
            if (whole && column >= inside && column < inside_end) {
                pixels = (inside_end < window.column_end ? inside_end : window.column_end) - column;
            }
            list_taps(op, &input, row, column, padding, taps);
            tinynas_depthwise_run(&run, taps, pixel, pixels);
            pixel += pixels * output.channels;
            column += pixels;
        }
    }
}
