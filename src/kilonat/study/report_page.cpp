#include "kilonat/study/report_page.h"

// The assembler copies the file: a compiler takes seconds over half a megabyte of literals.
// KILONAT_REPORT_PAGE is the file's path, from CMakeLists.txt.
__asm__(
    ".section .rodata\n"
    ".global kilonat_report_page_begin\n"
    ".global kilonat_report_page_end\n"
    "kilonat_report_page_begin:\n"
    ".incbin \"" KILONAT_REPORT_PAGE
    "\"\n"
    "kilonat_report_page_end:\n"
    ".byte 0\n"
    ".text\n");

extern "C" {
extern const char kilonat_report_page_begin[];
extern const char kilonat_report_page_end[];
}

namespace kilonat::study {

std::string_view report_page() {
  return {kilonat_report_page_begin, kilonat_report_page_end};
}

}  // namespace kilonat::study
