/* Depthwise convolution 3 x 3, stride 1 or 2, multiplier 1, channels in fours, clamped at -128.
 *
 * Channels four by four; rows of the input are taken apart in pairs as they are needed, each once.
 * What lies outside the input is filled in here, so that the products know no border.
 *
 * constants  for every channel, as words: bias, multiplier, then bytes: nine weights, row by row, the
 *            exponent k of docs/kernels.md, two zeros
 * planes     for each of four channels, for every column that the outputs see two words: two rows of
 *            inputs, raised by 128 and multiplied by 2^shift, in the halves of one, the two rows below
 *            in the other; the pairs take turns.  An output, or two in halves, takes the place of the
 *            upper pair at the first column that it saw: the one below (stride 1) or the next (stride 2)
 *            in the upper half
 * weights    of four channels as int16s multiplied by 2^(k - shift): for every column those of rows 0
 *            and 1, then of rows 1 and 2; bias, multiplier, offset
 * scratch    4 planes, 144 bytes of weights
 * order      planes: a channel's outputs in raster order, each row when its inputs are read
 */
#include "tinynas_kernels.h"

enum { COLUMN_BYTES = 8, CHANNEL_WORDS = 5, UNPACKED_WORDS = 9 };

/* What stays the same from row to row. */
typedef struct {
    const tinynas_conv_op *op;
    tinynas_view input;
    int32_t plane_bytes;
    int32_t row_end; /* of what the outputs see */
    int32_t begin;   /* columns of a plane that lie in the input */
    int32_t end;
    int32_t columns; /* that the outputs see */
    int32_t left;    /* input column of a plane's first */
    uint32_t padding;
} walk;

#if defined(TINYNAS_ASSEMBLY)

void tinynas_rows_split(const int8_t *upper, const int8_t *lower, int8_t *planes,
                        int32_t plane_bytes, int32_t pixel_bytes, int32_t pixels, uint32_t shift,
                        uint32_t padding);
void tinynas_rows_join(const int8_t *words, int8_t *first, int8_t *second, int32_t plane_bytes,
                       int32_t word_bytes, int32_t pixel_bytes, int32_t words_left);
void tinynas_rows_3(int8_t *planes, const uint32_t *weights, int32_t steps, int32_t plane_bytes,
                    int32_t upper);
void tinynas_rows_3_strided(int8_t *planes, const uint32_t *weights, int32_t steps,
                            int32_t plane_bytes, int32_t upper);

#else

static void tinynas_rows_split(const int8_t *upper, const int8_t *lower, int8_t *planes,
                               int32_t plane_bytes, int32_t pixel_bytes, int32_t pixels,
                               uint32_t shift, uint32_t padding)
{
    for (int32_t i = 0; i < pixels; ++i) {
        const int32_t at = i * pixel_bytes;
        const uint32_t a = upper == NULL ? padding : tinynas_load(upper + at) ^ 0x80808080u;
        const uint32_t b = lower == NULL ? padding : tinynas_load(lower + at) ^ 0x80808080u;
        for (uint32_t channel = 0; channel < 4; ++channel) {
            const uint32_t low = (a >> (8u * channel) & 0xffu) << shift;
            const uint32_t high = (b >> (8u * channel) & 0xffu) << shift;
            tinynas_store_aligned(planes + (int32_t)channel * plane_bytes + COLUMN_BYTES * i,
                                  low | high << 16);
        }
    }
}

static void tinynas_rows_join(const int8_t *words, int8_t *first, int8_t *second,
                              int32_t plane_bytes, int32_t word_bytes, int32_t pixel_bytes,
                              int32_t words_left)
{
    for (; words_left > 0; --words_left) {
        for (int32_t channel = 0; channel < 4; ++channel) {
            const uint32_t both = tinynas_load(words + channel * plane_bytes);
            second[channel] = (int8_t)((int32_t)(both >> 16 & 0xffu) - 128);
            first[channel] = (int8_t)((int32_t)(both & 0xffu) - 128);
        }
        words += word_bytes;
        first += pixel_bytes;
        second += pixel_bytes;
    }
}

/* One output as a byte raised by 128, from three columns; `lower` (0 or 1): of the two that they hold. */
static uint32_t output_of(const int8_t *columns, const uint32_t *weights, int32_t upper,
                          int32_t lower)
{
    uint32_t sum = weights[6];
    for (int32_t i = 0; i < 3; ++i) {
        const int8_t *const column = columns + COLUMN_BYTES * i;
        const uint32_t pairs[2] = {tinynas_load(column + 4 * upper),
                                   tinynas_load(column + 4 * (1 - upper))};
        const int32_t inputs[4] = {tinynas_half(pairs[0]), tinynas_half(pairs[0] >> 16),
                                   tinynas_half(pairs[1]), tinynas_half(pairs[1] >> 16)};
        const int32_t taps[3] = {tinynas_half(weights[i]), tinynas_half(weights[i] >> 16),
                                 tinynas_half(weights[3 + i] >> 16)};
        for (int32_t row = 0; row < 3; ++row) {
            sum += (uint32_t)(inputs[row + lower] * taps[row]);
        }
    }
    const int64_t scaled = (int64_t)(int32_t)sum * (int32_t)weights[7]
                           + (int64_t)weights[8] * ((int64_t)1 << 32);
    const int32_t value = (int32_t)(scaled >> 48);
    return (uint32_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void tinynas_rows_3(int8_t *planes, const uint32_t *weights, int32_t steps,
                           int32_t plane_bytes, int32_t upper)
{
    for (int32_t channel = 0; channel < 4; ++channel) {
        int8_t *column = planes;
        for (int32_t i = 0; i < 2 * steps; ++i) {
            const uint32_t above = output_of(column, weights, upper, 0);
            const uint32_t below = output_of(column, weights, upper, 1);
            tinynas_store_aligned(column + 4 * upper, above | below << 16);
            column += COLUMN_BYTES;
        }
        planes += plane_bytes;
        weights += UNPACKED_WORDS;
    }
}

static void tinynas_rows_3_strided(int8_t *planes, const uint32_t *weights, int32_t steps,
                                   int32_t plane_bytes, int32_t upper)
{
    for (int32_t channel = 0; channel < 4; ++channel) {
        int8_t *column = planes;
        for (int32_t i = 0; i < steps; ++i) {
            const uint32_t one = output_of(column, weights, upper, 0);
            const uint32_t next = output_of(column + 2 * COLUMN_BYTES, weights, upper, 0);
            tinynas_store_aligned(column + 4 * upper, one | next << 16);
            column += 4 * COLUMN_BYTES;
        }
        planes += plane_bytes;
        weights += UNPACKED_WORDS;
    }
}

#endif

static void unpack(const tinynas_conv_op *op, const uint32_t *constants, uint32_t *to)
{
    for (int32_t channel = 0; channel < 4; ++channel) {
        const int8_t *const bytes = (const int8_t *)(constants + 2);
        const int32_t exponent = bytes[9];
        const int32_t factor = (int32_t)1 << (exponent - op->shift);
        for (int32_t i = 0; i < 3; ++i) {
            const uint32_t middle = (uint32_t)(bytes[3 + i] * factor);
            to[i] = ((uint32_t)(bytes[i] * factor) & 0xffffu) | middle << 16;
            to[3 + i] = (middle & 0xffffu) | (uint32_t)(bytes[6 + i] * factor) << 16;
        }
        to[6] = constants[0];
        to[7] = constants[1];
        to[8] = 0x8000u + ((uint32_t)1 << exponent >> 2);
        constants += CHANNEL_WORDS;
        to += UNPACKED_WORDS;
    }
}

/* Columns [from, to) of padding. */
static void fill(const walk *w, int8_t *planes, int32_t from, int32_t to)
{
    const uint32_t both = (w->padding & 0xff00ffu) << w->op->shift;
    for (; from < to; ++from) {
        int8_t *plane = planes + COLUMN_BYTES * from;
        for (int32_t channel = 0; channel < 4; ++channel) {
            tinynas_store_aligned(plane, both);
            plane += w->plane_bytes;
        }
    }
}

/* Where a row of the input begins; NULL where all of it is padding, or no output sees it. */
static const int8_t *row_at(const walk *w, int32_t row, int32_t channel)
{
    if (row < 0 || row >= w->row_end) {
        return NULL;
    }
    return tinynas_pixel(&w->input, row, w->left + w->begin) + channel;
}

/* Rows `row` and the next. */
static void split(const walk *w, int32_t row, int32_t channel, int8_t *planes)
{
    const int8_t *const upper = row_at(w, row, channel);
    const int8_t *const lower = row_at(w, row + 1, channel);
    if (w->begin >= w->end || (upper == NULL && lower == NULL)) {
        fill(w, planes, 0, w->columns);
        return;
    }
    fill(w, planes, 0, w->begin);
    tinynas_rows_split(upper, lower, planes + COLUMN_BYTES * w->begin, w->plane_bytes,
                       w->input.channels, w->end - w->begin, w->op->shift, w->padding);
    fill(w, planes, w->end, w->columns);
}

static int32_t clamped(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

void tinynas_depthwise_3(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    walk w;
    w.op = op;
    tinynas_view_of(&w.input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    const int32_t stride = op->stride_rows;
    const int32_t count = window.column_end - window.column;
    const int32_t steps = (count + 1) / 2;
    if (count <= 0) {
        return;
    }
    w.columns = (count - 1) * stride + 3;
    w.plane_bytes = COLUMN_BYTES * ((2 * steps - 1) * stride + 3);
    w.left = window.column * stride - op->padding_left;
    w.begin = clamped(-w.left, 0, w.columns);
    w.end = clamped(op->input.columns - w.left, 0, w.columns);
    w.row_end = clamped((window.row_end - 1) * stride - op->padding_top + 3, 0, op->input.rows);
    w.padding = ((uint32_t)(op->input.zero_point + 128) & 0xffu) * 0x01010101u;
    int8_t *const planes = arena + op->scratch;
    uint32_t *const weights = (uint32_t *)(void *)(planes + 4 * w.plane_bytes);
    const int32_t rows_a_step = stride == 1 ? 2 : 1;
    const int32_t pixel_bytes = output.channels;
    const uint32_t *constants = op->constants;
    for (int32_t channel = 0; channel < output.channels; channel += 4) {
        int32_t top = window.row * stride - op->padding_top;
        int32_t upper = 0;
        unpack(op, constants, weights);
        constants += 4 * CHANNEL_WORDS;
        split(&w, top, channel, planes);
        for (int32_t row = window.row; row < window.row_end; row += rows_a_step) {
            int8_t *const words = planes + 4 * upper;
            int8_t *const first = tinynas_pixel(&output, row, window.column) + channel;
            top += 2;
            split(&w, top, channel, planes + 4 * (1 - upper));
            if (stride == 1) {
                const int32_t next = row + 1 < window.row_end ? row + 1 : row;
                tinynas_rows_3(planes, weights, steps, w.plane_bytes, upper);
                tinynas_rows_join(words, first,
                                  tinynas_pixel(&output, next, window.column) + channel,
                                  w.plane_bytes, COLUMN_BYTES, pixel_bytes, count);
            } else {
                tinynas_rows_3_strided(planes, weights, steps, w.plane_bytes, upper);
                if (count > 1) {
                    tinynas_rows_join(words, first, first + pixel_bytes, w.plane_bytes,
                                      4 * COLUMN_BYTES, 2 * pixel_bytes, count / 2);
                }
                if ((count & 1) != 0) {
                    int8_t *const last = first + (count - 1) * pixel_bytes;
                    tinynas_rows_join(words + 2 * COLUMN_BYTES * (count - 1), last, last,
                                      w.plane_bytes, 0, pixel_bytes, 1);
                }
            }
            upper = 1 - upper;
        }
    }
}
