#include "kilonat/base/printable.h"

namespace kilonat {

std::string printable(std::string_view text, std::size_t max_length) {
  std::string shown(text.substr(0, max_length));
  for (char& c : shown) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f) c = '?';
  }
  if (text.size() > max_length) shown += "..";
  return shown;
}

}  // namespace kilonat
