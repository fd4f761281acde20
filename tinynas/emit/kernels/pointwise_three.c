/* Convolution with a 1 x 1 kernel, any stride, no padding, int8 weights: channels in fours, the short form
 * of requantisation in all of them.
 *
 * Three pixels by two channels at a time: each word of weights is used three times, and of inputs twice.
 *
 * gathered   for every four input channels of three pixels: channels 0 and 2 of each, then 1 and 3, raised
 *            by 128 and doubled, so that a sum is twice the accumulator
 * constants  for every pass over two output channels a and b (of four 0 and 2, then 1 and 3), as words:
 *            doubled bias a, b; for every four input channels weights a, weights b, a byte each; multiplier
 *            a, b; offset a, b; shift a | 1 << 15 in the second pass of two | shift b << 16
 * scratch    6 bytes an input channel
 * order      pixel
 */
#include "tinynas_kernels.h"

/* What a pass over all output channels reads. */
typedef struct {
    const int8_t *gathered;
    const int8_t *gathered_end;
    const uint32_t *constants;
    const uint32_t *constants_end;
    int32_t words; /* of a pixel's inputs */
    int32_t form;  /* 0: clamped at -128; 1: signed */
} product;

#if defined(TINYNAS_ASSEMBLY)

void tinynas_three(const product *p, int8_t *const pixels[3]);
void tinynas_gather_three(const int8_t *const pixels[3], int8_t *gathered, int32_t words);

#else

static void tinynas_gather_three(const int8_t *const pixels[3], int8_t *gathered, int32_t words)
{
    for (int32_t i = 0; i < words; ++i) {
        for (int32_t pixel = 0; pixel < 3; ++pixel) {
            const uint32_t raised = tinynas_load(pixels[pixel] + 4 * i) ^ 0x80808080u;
            tinynas_store_aligned(gathered + 4 * pixel, (raised & 0x00ff00ffu) << 1);
            tinynas_store_aligned(gathered + 12 + 4 * pixel, (raised >> 8 & 0x00ff00ffu) << 1);
        }
        gathered += 24;
    }
}

static int8_t output_of(int32_t sum, int32_t multiplier, int32_t offset, uint32_t shift,
                        int32_t form)
{
    const int64_t high = ((int64_t)sum * multiplier + ((int64_t)1 << 31)) >> 32;
    const int32_t less = form != 0 && sum < 0 ? 1 : 0;
    const int32_t value = ((int32_t)high + offset - less) >> shift;
    return (int8_t)((value < 0 ? 0 : value > 255 ? 255 : value) - 128);
}

static void tinynas_three(const product *p, int8_t *const pixels[3])
{
    const uint32_t *constants = p->constants;
    for (int32_t pass = 0; constants != p->constants_end; ++pass) {
        const uint32_t *const tail = constants + 2 + 2 * p->words;
        for (int32_t half = 0; half < 2; ++half) {
            const int32_t channel = 4 * (pass / 2) + pass % 2 + 2 * half;
            for (int32_t pixel = 0; pixel < 3; ++pixel) {
                int32_t sum = (int32_t)constants[half];
                for (int32_t i = 0; i < p->words; ++i) {
                    const uint32_t weights = constants[2 + 2 * i + half];
                    const int8_t *const x = p->gathered + 24 * i + 4 * pixel;
                    sum = tinynas_dot(tinynas_even_bytes(weights), tinynas_load(x), sum);
                    sum = tinynas_dot(tinynas_odd_bytes(weights), tinynas_load(x + 12), sum);
                }
                pixels[pixel][channel] = output_of(sum, (int32_t)tail[half], (int32_t)tail[2 + half],
                                                   tail[4] >> (16 * half) & 0xffu, p->form);
            }
        }
        constants = tail + 5;
    }
}

#endif

void tinynas_pointwise_three(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_view input;
    tinynas_view_of(&input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    int8_t *const gathered = arena + op->scratch;
    product p;
    p.words = input.channels / 4;
    p.gathered = gathered;
    p.gathered_end = gathered + 24 * p.words;
    p.constants = op->constants;
    p.constants_end = op->constants + output.channels / 2 * (7 + 2 * p.words);
    p.form = op->form;
    const int8_t *inputs[3];
    int8_t *outputs[3];
    int32_t waiting = 0;
    for (int32_t row = window.row; row < window.row_end; ++row) {
        const int8_t *x = tinynas_pixel(&input, row * op->stride_rows,
                                        window.column * op->stride_columns);
        int8_t *pixel = tinynas_pixel(&output, row, window.column);
        const int32_t last_row = row == window.row_end - 1;
        for (int32_t column = window.column; column < window.column_end; ++column) {
            inputs[waiting] = x;
            outputs[waiting] = pixel;
            ++waiting;
            if (last_row && column == window.column_end - 1) {
                /* What is missing of the last three is this pixel once more. */
                for (; waiting < 3; ++waiting) {
                    inputs[waiting] = x;
                    outputs[waiting] = pixel;
                }
            }
            if (waiting == 3) {
                waiting = 0;
                tinynas_gather_three(inputs, gathered, p.words);
                tinynas_three(&p, outputs);
            }
            x += op->stride_columns * input.channels;
            pixel += output.channels;
        }
    }
}
