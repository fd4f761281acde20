// How the bundle gets onto a real board.

import { h } from "../dom.js";
import { codeBlock } from "./code.js";

/** OpenOCD names its targets by family: `STM32F411xE` is an stm32f4x. */
export const targetOf = (device) => `${device.slice(0, 7).toLowerCase()}x`;

export function boardGuide(device) {
  const flash = `openocd -f interface/stlink.cfg -f target/${targetOf(device)}.cfg \\\n  -c "program firmware/build/firmware.elf verify reset exit"`;
  const step = (title, text, ...rest) => h("li", {}, h("h3", {}, title), h("p", {}, text), rest);
  return h("ol", { class: "guide" },
    step("Check it here", "Any C11 compiler will do; every vector and every byte is compared.",
      codeBlock("On your computer", "unzip bundle.zip && cd bundle\nmake test").node),
    step("Put it on the board", "Needs arm-none-eabi-gcc, and OpenOCD with an ST-LINK (or open the ELF in STM32CubeProgrammer). The firmware runs the same vectors and reports over the UART.",
      codeBlock(`On ${device}`, `make firmware\n${flash}`).node),
    step("Use it in your program", "Add include/ to the include path, compile src/*.c with -O3, and call three functions. README.md in the bundle has the whole example.",
      codeBlock("C", [
        "static network_context context;",
        "static _Alignas(NETWORK_ARENA_ALIGNMENT)",
        "    uint8_t arena[NETWORK_ARENA_BYTES];",
        "",
        "network_init(&context, arena, sizeof arena);",
        "// int8: pixel - 128",
        "memcpy(network_input(&context), pixels, NETWORK_INPUT_BYTES);",
        "network_run(&context);",
        "const int8_t *scores = network_output(&context);",
      ].join("\n")).node));
}
