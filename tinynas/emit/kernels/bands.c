/* The walk of a depthwise convolution 5 x 5 or 7 x 7, and its portable products.
 *
 * Channels four by four; rows of the input become bands as they are needed, each once.  What lies outside
 * the input is filled in here and when a band is made, so that the products know no border.
 *
 * constants  for every channel, of four the first, the third, the second and the fourth, as words: bias,
 *            multiplier, then weights as bytes.  5 x 5: those of row 4; k - shift (k of docs/kernels.md);
 *            two zeros; for every column those of rows 0, 2, 1 and 3.  7 x 7: for every column those of
 *            rows 0, 2, 1, 3, 4, 6 and 5, and, k - shift at the first one, zero at the others
 * bands      two rows of inputs in the halves of words; three (four for 7 x 7) of every channel, channels
 *            in the order above, are there at a time and take turns.  5 x 5 of stride 1: the three words
 *            of a column, then the next column; elsewhere: all columns of a band, then the next band
 * inputs     multiplied by 2^shift, where the shift is 8; by less, and raised by 128 before, elsewhere
 * records    of the four channels: weights as int16s multiplied by 2^(k - shift), and sums; see the assembly
 * scratch    bands, records
 * order      planes: a channel's outputs in raster order, each row when its inputs are read, at the
 *            earliest
 */
#include "tinynas_kernels.h"

enum { SIGNED_SHIFT = 8 };

static int32_t clamped(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

void tinynas_bands_by(tinynas_bands_function product, const tinynas_conv_op *op, int8_t *arena,
                      const tinynas_tile *tile)
{
    tinynas_view input;
    tinynas_view output;
    tinynas_window window;
    tinynas_view_of(&input, &op->input, arena, tile);
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window_of(&window, &op->output, op->window, tile);
    tinynas_bands bands;
    const int32_t count = window.column_end - window.column;
    bands.output_rows = window.row_end - window.row;
    if (count <= 0 || bands.output_rows <= 0) {
        return;
    }
    const int32_t size = op->kernel_rows;
    const int32_t stride = op->stride_rows;
    const int32_t seen = (count - 1) * stride + size;
    const int32_t least = (2 * stride - 1) * stride + size;
    const int32_t columns = seen < least ? least : seen;
    const int32_t column_bytes = size == 5 && stride == 1 ? 12 : 4;
    const int32_t top = window.row * stride - op->padding_top;
    const int32_t left = window.column * stride - op->padding_left;
    const int32_t first_row = clamped(top, 0, op->input.rows - 1);
    const int32_t begin = clamped(-left, 0, seen);
    bands.inside = clamped(op->input.columns - left, begin, seen) - begin;
    bands.rows = clamped(top + (bands.output_rows - 1) * stride + size, 0, op->input.rows) - first_row;
    if (bands.inside == 0 || bands.rows < 0) {
        bands.rows = 0;
    }
    bands.input = bands.rows > 0 ? tinynas_pixel(&input, first_row, left + begin) : input.data;
    bands.top = top - first_row;
    bands.row_bytes = input.row_bytes;
    bands.pixel_bytes = input.channels;
    bands.base = arena + op->scratch;
    bands.first = bands.base + column_bytes * begin;
    bands.band = column_bytes == 4 ? 4 * columns : 4;
    bands.plane = 2 * (size + 1) * columns;
    bands.output = tinynas_pixel(&output, window.row, window.column);
    bands.output_row_bytes = output.row_bytes;
    bands.columns = count;
    if (stride == 1) {
        bands.across = output.row_bytes;
        bands.along[0] = count < 2 ? 0 : output.channels;
        bands.along[1] = bands.along[0];
    } else {
        bands.across = count < 2 ? 0 : output.channels;
        bands.along[0] = count < 3 ? 0 : 2 * output.channels;
        bands.along[1] = count < 4 ? 0 : 2 * output.channels;
    }
    bands.constants = op->constants;
    bands.groups = output.channels / 4;
    bands.records = bands.base + 4 * bands.plane;
    bands.shift = op->shift;
    bands.padding = ((uint32_t)op->input.zero_point & 0xffu) * 0x01010101u;
    bands.fill = op->shift == SIGNED_SHIFT ? ((uint32_t)op->input.zero_point & 0xffu) << 8
                                           : (uint32_t)(op->input.zero_point + 128) << op->shift;
    bands.fill *= 0x00010001u;
    for (int32_t i = 0; i < 4 * bands.plane; i += 4) {
        tinynas_store_aligned(bands.base + i, bands.fill);
    }
    product(&bands);
}

#if !defined(TINYNAS_ASSEMBLY)

/* The channels of a group, in the order of bands and constants. */
static const uint8_t order[4] = {0, 2, 1, 3};

/* A channel's weight, not yet multiplied, and where k - shift is. */
static int32_t weight_of(const uint32_t *constants, int32_t size, int32_t row, int32_t column)
{
    const int8_t *const bytes = (const int8_t *)(constants + 2);
    const int32_t place = order[row & 3];
    if (size == 5) {
        return row == 4 ? bytes[column] : bytes[8 + 4 * column + place];
    }
    return bytes[8 * column + (row & 4) + place];
}

static int32_t factor_of(const uint32_t *constants, int32_t size)
{
    return (int32_t)1 << ((const int8_t *)(constants + 2))[size == 5 ? 5 : 7];
}

static void split(const tinynas_bands *bands, int32_t top, int32_t group, int8_t *to, int32_t step)
{
    for (int32_t i = 0; i < bands->inside; ++i) {
        uint32_t fours[2];
        for (int32_t lower = 0; lower < 2; ++lower) {
            const int32_t row = top + lower;
            const int8_t *const x = bands->input + 4 * group + i * bands->pixel_bytes;
            fours[lower] = row < 0 || row >= bands->rows ? bands->padding
                                                         : tinynas_load(x + row * bands->row_bytes);
        }
        for (uint32_t place = 0; place < 4; ++place) {
            uint32_t halves[2];
            for (int32_t lower = 0; lower < 2; ++lower) {
                const uint32_t byte = fours[lower] >> (8u * order[place]) & 0xffu;
                halves[lower] = (bands->shift == SIGNED_SHIFT ? byte : byte ^ 0x80u) << bands->shift;
            }
            tinynas_store_aligned(to + (int32_t)place * bands->plane,
                                  (halves[0] & 0xffffu) | halves[1] << 16);
        }
        to += step;
    }
}

/* One output.  `row` counts from the first that is taken apart, `from` is a channel's first band. */
static int8_t output_of(const tinynas_bands *bands, int32_t size, int32_t step,
                        const uint32_t *constants, const int8_t *from, int32_t row)
{
    const int32_t factor = factor_of(constants, size);
    uint32_t sum = constants[0];
    for (int32_t tap = 0; tap < size; ++tap) {
        const int8_t *const x = from + bands->band * ((row + tap) / 2 % ((size + 1) / 2));
        for (int32_t i = 0; i < size; ++i) {
            const uint32_t pair = tinynas_load(x + step * i);
            const int32_t value = tinynas_half(pair >> (16 * ((row + tap) & 1)));
            sum += (uint32_t)(value * weight_of(constants, size, tap, i) * factor);
        }
    }
    const int64_t offset = 0x8000 + (int64_t)((uint32_t)factor << bands->shift >> 2);
    const int64_t wide = (int64_t)(int32_t)sum * (int32_t)constants[1] + offset * ((int64_t)1 << 32);
    const int32_t value = (int32_t)(wide >> 48);
    return (int8_t)((value < 0 ? 0 : value > 255 ? 255 : value) - 128);
}

void tinynas_bands_twin(const tinynas_bands *bands, int32_t size, int32_t stride)
{
    const int32_t step = size == 5 && stride == 1 ? 12 : 4;
    const int32_t words = size == 5 ? 9 : 16;
    const int32_t ring = (size + 1) / 2;
    const int32_t pixel = bands->groups * 4;
    for (int32_t group = 0; group < bands->groups; ++group) {
        int32_t made = 0;
        for (int32_t row = 0; row < bands->output_rows; ++row) {
            for (; made < row * stride / 2 + ring; ++made) {
                int8_t *const to = bands->first + bands->band * (made % ring);
                split(bands, bands->top + 2 * made, group, to, step);
            }
            for (int32_t i = 0; i < 4 * bands->columns; ++i) {
                const int32_t place = i & 3;
                const int32_t column = i / 4;
                const int8_t *const from = bands->base + place * bands->plane + step * stride * column;
                int8_t *const to = bands->output + row * bands->output_row_bytes + column * pixel;
                to[4 * group + order[place]]
                    = output_of(bands, size, step, bands->constants + words * (4 * group + place),
                                from, row * stride);
            }
        }
    }
}

#endif
