#include "kilonat/tensor/torch_error.h"

#include <c10/util/Exception.h>

namespace kilonat::tensor {

std::string what_without_backtrace(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  std::string text = torch_error ? torch_error->what_without_backtrace() : error.what();
  const size_t line_end = text.find('\n');
  if (line_end != std::string::npos) text.resize(line_end);
  return text;
}

}  // namespace kilonat::tensor
