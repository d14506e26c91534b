#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/codec/import/unpickler.h"

namespace kilonat::codec {

void Unpickler::fail(const std::string& text) const {
  throw FormatError(fmt::format("reading {}: {}", what_, text));
}

void Unpickler::fail_corrupt(const std::string& text) const {
  fail("its pickle is corrupt: " + text);
}

PickleValue* Unpickler::make(Kind kind) {
  tree_.values_.emplace_back();
  tree_.values_.back().kind = kind;
  return &tree_.values_.back();
}

void Unpickler::push_int(std::int64_t value) {
  push(make(Kind::kInt));
  stack_.back()->integer = value;
}

void Unpickler::push_bool(bool value) {
  push(make(Kind::kBool));
  stack_.back()->boolean = value;
}

void Unpickler::push_text(std::uint64_t num_bytes) {
  const std::string_view text = reader_.text(num_bytes);
  push(make(Kind::kText));
  stack_.back()->text = text;
}

void Unpickler::push_tuple(Values items) {
  push(make(Kind::kTuple));
  stack_.back()->items = std::move(items);
}

PickleValue* Unpickler::top() {
  if (stack_.empty() || stack_.back()->kind == Kind::kMark) fail_corrupt("an object is missing");
  return stack_.back();
}

PickleValue* Unpickler::top(Kind kind) {
  PickleValue* value = top();
  if (value->kind != kind) fail_corrupt("an object is not of the expected type");
  return value;
}

PickleValue* Unpickler::pop() {
  PickleValue* value = top();
  stack_.pop_back();
  return value;
}

PickleValue* Unpickler::pop(Kind kind) {
  PickleValue* value = top(kind);
  stack_.pop_back();
  return value;
}

Unpickler::Values Unpickler::pop_count(int count) {
  Values values(static_cast<size_t>(count));
  for (size_t i = values.size(); i-- > 0;) values[i] = pop();
  return values;
}

Unpickler::Values Unpickler::pop_to_mark() {
  size_t mark = stack_.size();
  while (mark > 0 && stack_[mark - 1]->kind != Kind::kMark) --mark;
  if (mark == 0) fail_corrupt("a mark is missing");
  Values values(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
  stack_.resize(mark - 1);
  return values;
}

void Unpickler::get(std::uint64_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) fail_corrupt("it refers to nothing");
  push(found->second);
}

void Unpickler::append(const Values& items) {
  Values& list = top(Kind::kList)->items;
  list.insert(list.end(), items.begin(), items.end());
}

void Unpickler::set_items(const Values& items) {
  if (items.size() % 2 != 0) fail_corrupt("a key has no value");
  PickleValue* dict = top(Kind::kDict);
  for (size_t i = 0; i < items.size(); i += 2) dict->entries.emplace_back(items[i], items[i + 1]);
}

}  // namespace kilonat::codec
