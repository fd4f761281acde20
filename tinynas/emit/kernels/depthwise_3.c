/* Depthwise convolution 3 x 3, stride 1, multiplier 1, channels in fours, clamped at -128.
 *
 * Channels four by four; rows of the input are taken apart in pairs as they are needed, each once.
 * What lies outside the input is filled in here, so that the products know no border.
 *
 * constants  for every channel, of four the first, the third, the second and the fourth, as words: bias,
 *            multiplier, then for every column of the kernel its weights as bytes, row by row, and a
 *            fourth one: for the first column k - shift (k of docs/kernels.md), for the others zero
 * records    for every column that the outputs see 17 words.  8: sums of two rows of outputs whose first
 *            column it is, channels as above.  1: bytes from a row's last output to this one.  8: for
 *            every channel two words, two rows of inputs in the halves of one, the two rows below them
 *            in the other; the pairs take turns
 * inputs     multiplied by 2^shift, where the shift is 8; by less, and raised by 128 before, elsewhere
 * weights    of four channels as int16s multiplied by 2^(k - shift): for every column those of rows 0
 *            and 1, then of rows 1 and 2; bias.  Behind them multiplier and offset of every channel
 * scratch    records, 144 bytes of weights
 * order      planes: a channel's outputs in raster order, two rows when their inputs are read
 */
#include "tinynas_kernels.h"

enum { RECORD = 68, SUM_BYTES = 32, INPUTS = 36, CHANNEL_WORDS = 5, SIGNED_SHIFT = 8 };

#if defined(TINYNAS_ASSEMBLY)

void tinynas_rows_3(const tinynas_rows *rows);

#else

enum { UNPACKED_WORDS = 7 };

/* What lies at `bytes` for channels in the order of a record. */
static const uint32_t order[4] = {0, 2, 1, 3};

static void unpack(const tinynas_rows *rows, const uint32_t *constants)
{
    uint32_t *to = rows->weights;
    uint32_t *scales = to + 4 * UNPACKED_WORDS;
    for (int32_t channel = 0; channel < 4; ++channel) {
        const int8_t *const bytes = (const int8_t *)(constants + 2);
        const int32_t factor = (int32_t)1 << bytes[3];
        for (int32_t i = 0; i < 3; ++i) {
            const uint32_t middle = (uint32_t)(bytes[4 * i + 1] * factor);
            to[2 * i] = ((uint32_t)(bytes[4 * i] * factor) & 0xffffu) | middle << 16;
            to[2 * i + 1] = (middle & 0xffffu) | (uint32_t)(bytes[4 * i + 2] * factor) << 16;
        }
        to[6] = constants[0];
        scales[0] = constants[1];
        scales[1] = 0x8000u + ((uint32_t)factor << rows->shift >> 2);
        constants += CHANNEL_WORDS;
        to += UNPACKED_WORDS;
        scales += 2;
    }
}

/* An input as the records hold it. */
static uint32_t scaled(uint32_t four, uint32_t channel, uint32_t shift)
{
    const uint32_t byte = four >> (8u * channel);
    return shift == SIGNED_SHIFT ? (byte & 0xffu) << 8 : ((byte ^ 0x80u) & 0xffu) << shift;
}

static void split(const tinynas_rows *rows, int32_t top, int32_t channel, int8_t *to)
{
    for (int32_t i = 0; i < rows->inside; ++i) {
        uint32_t fours[2];
        for (int32_t lower = 0; lower < 2; ++lower) {
            const int32_t row = top + lower;
            const int8_t *const x = rows->input + channel + i * rows->pixel_bytes;
            fours[lower] = row < 0 || row >= rows->rows ? rows->padding
                                                        : tinynas_load(x + row * rows->row_bytes);
        }
        for (int32_t place = 0; place < 4; ++place) {
            const uint32_t upper = scaled(fours[0], order[place], rows->shift);
            const uint32_t lower = scaled(fours[1], order[place], rows->shift);
            tinynas_store_aligned(to + 8 * place, upper | lower << 16);
        }
        to += RECORD;
    }
}

/* One output as a byte raised by 128, from three columns; `lower` (0 or 1): of the two that they hold. */
static uint32_t output_of(const int8_t *columns, const uint32_t *weights, const uint32_t *scales,
                          int32_t upper, int32_t lower)
{
    uint32_t sum = weights[6];
    for (int32_t i = 0; i < 3; ++i) {
        const int8_t *const column = columns + RECORD * i;
        const uint32_t pairs[2] = {tinynas_load(column + 4 * upper),
                                   tinynas_load(column + 4 * (1 - upper))};
        const int32_t inputs[4] = {tinynas_half(pairs[0]), tinynas_half(pairs[0] >> 16),
                                   tinynas_half(pairs[1]), tinynas_half(pairs[1] >> 16)};
        const int32_t taps[3] = {tinynas_half(weights[2 * i]), tinynas_half(weights[2 * i] >> 16),
                                 tinynas_half(weights[2 * i + 1] >> 16)};
        for (int32_t row = 0; row < 3; ++row) {
            sum += (uint32_t)(inputs[row + lower] * taps[row]);
        }
    }
    const int64_t wide = (int64_t)(int32_t)sum * (int32_t)scales[0]
                         + (int64_t)scales[1] * ((int64_t)1 << 32);
    const int32_t value = (int32_t)(wide >> 48);
    return (uint32_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* Two rows of outputs, or one, of four channels. */
static void products(const tinynas_rows *rows, int32_t upper, int8_t *first, int8_t *second)
{
    for (int32_t i = 0; i < rows->columns; ++i) {
        const int32_t at = (i + 1 - rows->columns) * rows->pixel_bytes;
        for (int32_t place = 0; place < 4; ++place) {
            const uint32_t *const weights = rows->weights + UNPACKED_WORDS * place;
            const uint32_t *const scales = rows->weights + 4 * UNPACKED_WORDS + 2 * place;
            const int8_t *const columns = rows->base + RECORD * i + 8 * place;
            const uint32_t above = output_of(columns, weights, scales, upper, 0);
            const uint32_t below = output_of(columns, weights, scales, upper, 1);
            second[at + (int32_t)order[place]] = (int8_t)((int32_t)below - 128);
            first[at + (int32_t)order[place]] = (int8_t)((int32_t)above - 128);
        }
    }
}

static void tinynas_rows_3(const tinynas_rows *rows)
{
    for (int32_t group = 0; group < rows->groups; ++group) {
        int32_t top = rows->top;
        int32_t upper = 0;
        unpack(rows, rows->constants + 4 * CHANNEL_WORDS * group);
        split(rows, top, 4 * group, rows->first);
        for (int32_t row = 0; row < rows->output_rows; row += 2) {
            int8_t *const first = rows->output + row * rows->output_row_bytes + 4 * group;
            const int32_t next = row + 1 < rows->output_rows ? rows->output_row_bytes : 0;
            top += 2;
            split(rows, top, 4 * group, rows->first + 4 * (1 - upper));
            products(rows, upper, first, first + next);
            upper = 1 - upper;
        }
    }
}

#endif

static int32_t clamped(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Where outputs go, and padding in the columns that lie outside the input. */
static void prepare(const tinynas_rows *rows, int32_t begin, int32_t zero_point)
{
    const uint32_t shift = rows->shift;
    const uint32_t value = shift == SIGNED_SHIFT ? ((uint32_t)zero_point & 0xffu) << 8
                                                 : (uint32_t)(zero_point + 128) << shift;
    for (int32_t i = 0; i < rows->columns + 2; ++i) {
        int8_t *const inputs = rows->base + RECORD * i;
        const int32_t offset = (i + 1 - rows->columns) * rows->pixel_bytes;
        tinynas_store_aligned(inputs - INPUTS + SUM_BYTES, (uint32_t)offset);
        if (i < begin || i >= begin + rows->inside) {
            for (int32_t word = 0; word < 8; ++word) {
                tinynas_store_aligned(inputs + 4 * word, value | value << 16);
            }
        }
    }
}

void tinynas_depthwise_3(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_view input;
    tinynas_view output;
    tinynas_window window;
    tinynas_view_of(&input, &op->input, arena, tile);
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window_of(&window, &op->output, op->window, tile);
    tinynas_rows rows;
    rows.columns = window.column_end - window.column;
    rows.output_rows = window.row_end - window.row;
    if (rows.columns <= 0 || rows.output_rows <= 0) {
        return;
    }
    const int32_t top = window.row - op->padding_top;
    const int32_t left = window.column - op->padding_left;
    const int32_t first_row = clamped(top, 0, op->input.rows - 1);
    const int32_t begin = clamped(-left, 0, rows.columns + 2);
    const int32_t end = clamped(op->input.columns - left, begin, rows.columns + 2);
    rows.inside = end - begin;
    rows.rows = clamped(top + rows.output_rows + 2, 0, op->input.rows) - first_row;
    if (rows.inside == 0 || rows.rows < 0) {
        rows.rows = 0;
    }
    rows.input = rows.rows > 0 ? tinynas_pixel(&input, first_row, left + begin) : input.data;
    rows.top = top - first_row;
    rows.row_bytes = input.row_bytes;
    rows.pixel_bytes = input.channels;
    rows.base = arena + op->scratch + INPUTS;
    rows.first = rows.base + RECORD * begin;
    rows.output = tinynas_pixel(&output, window.row, window.column_end - 1);
    rows.output_row_bytes = output.row_bytes;
    rows.back = RECORD * (rows.columns + 2) - 8;
    rows.channels_end = rows.base + SUM_BYTES;
    rows.end = rows.base + RECORD * (2 + ((rows.columns - 1) & ~1));
    rows.constants = op->constants;
    rows.groups = output.channels / 4;
    rows.weights = (uint32_t *)(void *)(arena + op->scratch + RECORD * (rows.columns + 2));
    rows.shift = op->shift;
    rows.padding = ((uint32_t)op->input.zero_point & 0xffu) * 0x01010101u;
    prepare(&rows, begin, op->input.zero_point);
    tinynas_rows_3(&rows);
}
