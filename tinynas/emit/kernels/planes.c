/* The walk of a depthwise convolution that takes its input apart into planes.
 *
 * Channels four by four; rows of the input are taken apart as they are needed, each once, into a ring
 * of as many rows as the kernel has.  What lies outside the input is filled in here, so that the
 * products know no border.
 *
 * planes     for every row four planes, one a channel: int16 inputs raised by 128 and multiplied by
 *            2^shift, from the first column that the first output sees
 * constants  for every channel, as words: bias, multiplier, offset, and for every kernel row int16
 *            weights in pairs: 0 1, 2 3, ... up to the last but one, then 1 2, 3 4, ... up to the last
 * lanes      for every two outputs of a row four words, one a channel: bytes raised by 128, as halves
 * scratch    rows of the kernel x 4 planes, then 8 bytes an output of a row
 */
#include "tinynas_kernels.h"

/* What stays the same from row to row. */
typedef struct {
    const tinynas_conv_op *op;
    tinynas_view input;
    uint32_t shift;
    int32_t width; /* of a plane, even */
    int32_t left;  /* input column of a plane's first */
    int32_t begin; /* plane columns that lie in the input */
    int32_t end;
} walk;

/* Pairs of columns [from, to) one by one, as some lie outside the input; `x` is where column 0 would. */
static void split_border(const walk *w, const int8_t *x, int32_t from, int32_t to, int8_t *planes)
{
    const uint32_t outside = ((uint32_t)w->op->input.zero_point & 0xffu) * 0x01010101u;
    const int32_t begin = w->begin;
    const int32_t end = w->end;
    for (int32_t column = from; column < to; column += 2) {
        uint32_t pair[2] = {outside, outside};
        if (column >= begin && column < end) {
            pair[0] = tinynas_load(x + column * w->input.channels);
        }
        if (column + 1 >= begin && column + 1 < end) {
            pair[1] = tinynas_load(x + (column + 1) * w->input.channels);
        }
        tinynas_planes_split((const int8_t *)pair, 4, planes + 2 * column, 2 * w->width, 1, w->shift);
    }
}

static void split_row(const walk *w, int32_t row, int32_t channel, int8_t *planes)
{
    if (row < 0 || row >= w->op->input.rows || w->begin >= w->end) {
        walk none = *w;
        none.end = none.begin;
        split_border(&none, NULL, 0, w->width, planes);
        return;
    }
    const int32_t channels = w->input.channels;
    const int32_t first = (w->begin + 1) & ~1;
    const int32_t last = w->end & ~1;
    const int8_t *const x = tinynas_pixel(&w->input, row, w->left + w->begin) + channel
                            - w->begin * channels;
    split_border(w, x, 0, first, planes);
    if (last > first) {
        tinynas_planes_split(x + first * channels, channels, planes + 2 * first, 2 * w->width,
                             (last - first) / 2, w->shift);
    }
    split_border(w, x, last > first ? last : first, w->width, planes);
}

void tinynas_planes_by(tinynas_planes_function product, int32_t outputs_a_step,
                       const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    walk w;
    w.op = op;
    tinynas_view_of(&w.input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    const int32_t kernel = op->kernel_rows;
    const int32_t stride = op->stride_rows;
    const int32_t count = window.column_end - window.column;
    const int32_t steps = (count + outputs_a_step - 1) / outputs_a_step;
    if (count <= 0) {
        return;
    }
    w.shift = op->shift;
    w.width = ((steps * outputs_a_step - 1) * stride + kernel + 1) & ~1;
    w.left = window.column * stride - op->padding_left;
    w.begin = w.left < 0 ? -w.left : 0;
    w.end = (count - 1) * stride + kernel;
    if (w.end > op->input.columns - w.left) {
        w.end = op->input.columns - w.left;
    }
    int8_t *const planes = arena + op->scratch;
    uint32_t *const lanes = (uint32_t *)(void *)(planes + 8 * kernel * w.width);
    const int32_t back = 2 * (w.width - steps * outputs_a_step * stride);
    const int32_t first_top = window.row * stride - op->padding_top;
    const uint32_t *constants = op->constants;
    for (int32_t channel = 0; channel < output.channels; channel += 4) {
        int32_t split = first_top;  /* the next row to take apart, and its place in the ring */
        int32_t place = 0;
        int32_t oldest = 0;         /* the place of the row at the top of the window */
        for (int32_t row = window.row; row < window.row_end; ++row) {
            const int32_t end = row * stride - op->padding_top + kernel;
            for (; split < end; ++split) {
                split_row(&w, split, channel, planes + 8 * place * w.width);
                place = place + 1 == kernel ? 0 : place + 1;
            }
            const int8_t *rows[7];
            int32_t at = oldest;
            for (int32_t i = 0; i < kernel; ++i) {
                rows[i] = planes + 8 * at * w.width;
                at = at + 1 == kernel ? 0 : at + 1;
            }
            oldest += stride;
            oldest = oldest >= kernel ? oldest - kernel : oldest;
            product(rows, constants, lanes, steps, back);
            tinynas_planes_join(lanes, tinynas_pixel(&output, row, window.column) + channel,
                                output.channels, count);
        }
        constants += 4 * (3 + kernel * (kernel - 1));
    }
}

#if !defined(TINYNAS_ASSEMBLY)

void tinynas_planes_split(const int8_t *x, int32_t pixel_bytes, int8_t *planes, int32_t plane_bytes,
                          int32_t pairs, uint32_t shift)
{
    for (; pairs > 0; --pairs) {
        const uint32_t a = tinynas_load(x) ^ 0x80808080u;
        const uint32_t b = tinynas_load(x + pixel_bytes) ^ 0x80808080u;
        for (uint32_t channel = 0; channel < 4; ++channel) {
            const uint32_t low = (a >> (8u * channel) & 0xffu) << shift;
            const uint32_t high = (b >> (8u * channel) & 0xffu) << shift;
            tinynas_store_aligned(planes + (int32_t)channel * plane_bytes, low | high << 16);
        }
        x += 2 * pixel_bytes;
        planes += 4;
    }
}

void tinynas_planes_join(const uint32_t *lanes, int8_t *y, int32_t pixel_bytes, int32_t count)
{
    for (int32_t i = 0; i < count; ++i) {
        for (int32_t channel = 0; channel < 4; ++channel) {
            const uint32_t both = lanes[4 * (i / 2) + channel];
            y[channel] = (int8_t)((int32_t)(both >> (16 * (i & 1)) & 0xffu) - 128);
        }
        y += pixel_bytes;
    }
}

/* Half `index` of pairs, signed. */
static int32_t weight_at(const uint32_t *pairs, int32_t index)
{
    return tinynas_half(pairs[index / 2] >> (16 * (index & 1)));
}

void tinynas_planes_twin(const int8_t *const *rows, const uint32_t *constants, uint32_t *lanes,
                         int32_t outputs, int32_t plane_bytes, int32_t kernel, int32_t stride)
{
    const int32_t row_words = kernel - 1;
    for (int32_t channel = 0; channel < 4; ++channel) {
        const uint32_t *const weights = constants + 3;
        for (int32_t i = 0; i < outputs; ++i) {
            uint32_t sum = constants[0];
            for (int32_t row = 0; row < kernel; ++row) {
                const int8_t *const x = rows[row] + channel * plane_bytes;
                const uint32_t *const pairs = weights + row * row_words;
                for (int32_t tap = 0; tap < kernel; ++tap) {
                    const int32_t weight = tap + 1 < kernel ? weight_at(pairs, tap)
                                                            : weight_at(pairs, 2 * row_words - 1);
                    int16_t value;
                    TINYNAS_COPY(&value, x + 2 * (i * stride + tap), sizeof value);
                    sum += (uint32_t)(value * weight);
                }
            }
            const int64_t scaled = (int64_t)(int32_t)sum * (int32_t)constants[1]
                                   + (int64_t)constants[2] * ((int64_t)1 << 32);
            const int32_t value = (int32_t)(scaled >> 48);
            const uint32_t byte = (uint32_t)(value < 0 ? 0 : value > 255 ? 255 : value);
            uint32_t *const to = lanes + 4 * (i / 2) + channel;
            *to = (i & 1) == 0 ? byte : *to | byte << 16;
        }
        constants += 3 + kernel * row_words;
    }
}

#endif
