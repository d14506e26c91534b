#include "kilonat/codec/import/pickle.h"

#include <bit>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/codec/import/unpickler.h"

namespace kilonat::codec {

std::uint64_t element_bytes(StorageType type) {
  switch (type) {
    case StorageType::kF64:
    case StorageType::kI64:
      return 8;
    case StorageType::kF32:
    case StorageType::kI32:
      return 4;
    case StorageType::kF16:
    case StorageType::kBF16:
    case StorageType::kI16:
      return 2;
    case StorageType::kI8:
    case StorageType::kU8:
    case StorageType::kBool:
      return 1;
  }
  throw InternalError("a storage type without a size");
}

std::map<std::string, StorageType> PickleTree::storage_types() const {
  std::map<std::string, StorageType> types;
  for (const PickleValue& value : values_) {
    if (value.kind != PickleValue::Kind::kStorage) continue;
    types.emplace(value.tensor.storage.key, value.tensor.storage.type);
  }
  return types;
}

PickleTree Unpickler::run() {
  while (true) {
    const std::uint8_t opcode = reader_.u8();
    if (opcode == '.') break;
    execute(opcode);
  }
  tree_.root_ = pop();
  return std::move(tree_);
}

void Unpickler::execute(std::uint8_t opcode) {
  if (!execute_scalar(opcode) && !execute_container(opcode) && !execute_object(opcode)) {
    fail(fmt::format("its pickle uses instruction 0x{:02x}, which weights do not need", opcode));
  }
}

bool Unpickler::execute_scalar(std::uint8_t opcode) {
  switch (opcode) {
    case 'N':
      push(make(Kind::kNone));
      return true;
    case 0x88:
      push_bool(true);
      return true;
    case 0x89:
      push_bool(false);
      return true;
    case 'J':
      push_int(static_cast<std::int32_t>(reader_.u32le()));
      return true;
    case 'K':
      push_int(reader_.u8());
      return true;
    case 'M':
      push_int(reader_.u16le());
      return true;
    case 0x8a:
      push_int(long_integer(reader_.u8()));
      return true;
    case 'G':
      push(make(Kind::kFloat));
      stack_.back()->number = big_endian_double();
      return true;
    case 'X':
    case 'T':  // BINUNICODE, BINSTRING
      push_text(reader_.u32le());
      return true;
    case 'U':
    case 0x8c:  // SHORT_BINSTRING, SHORT_BINUNICODE
      push_text(reader_.u8());
      return true;
    default:
      return false;
  }
}

bool Unpickler::execute_container(std::uint8_t opcode) {
  switch (opcode) {
    case '(':
      push(make(Kind::kMark));
      return true;
    case '}':
      push(make(Kind::kDict));
      return true;
    case ']':
      push(make(Kind::kList));
      return true;
    case ')':
      push_tuple({});
      return true;
    case 't':
      push_tuple(pop_to_mark());
      return true;
    case 0x85:
    case 0x86:
    case 0x87:
      push_tuple(pop_count(opcode - 0x84));
      return true;
    case 'a':
      append(pop_count(1));
      return true;
    case 'e':
      append(pop_to_mark());
      return true;
    case 's':
      set_items(pop_count(2));
      return true;
    case 'u':
      set_items(pop_to_mark());
      return true;
    default:
      return false;
  }
}

bool Unpickler::execute_object(std::uint8_t opcode) {
  switch (opcode) {
    case 0x80:
      check_protocol(reader_.u8());
      return true;
    case 0x95:  // FRAME: a hint for readers of streams
      reader_.skip(8);
      return true;
    case 'q':
      put(reader_.u8());
      return true;
    case 'r':
      put(reader_.u32le());
      return true;
    case 0x94:  // MEMOIZE
      put(memo_.size());
      return true;
    case 'h':
      get(reader_.u8());
      return true;
    case 'j':
      get(reader_.u32le());
      return true;
    case 'c': {
      const std::string module = line();
      push_global(module, line());
      return true;
    }
    case 0x93: {  // STACK_GLOBAL
      const std::string name = pop(Kind::kText)->text;
      push_global(pop(Kind::kText)->text, name);
      return true;
    }
    case 'Q':
      push_storage();
      return true;
    case 'R':
      call();
      return true;
    case 'b':  // BUILD sets attributes: state dicts carry versions that way; not needed
      (void)pop();
      (void)top(Kind::kDict);
      return true;
    default:
      return false;
  }
}

void Unpickler::check_protocol(int protocol) const {
  constexpr int kNewestKnown = 5;
  if (protocol > kNewestKnown) fail(fmt::format("its pickle has protocol {}", protocol));
}

std::int64_t Unpickler::long_integer(int num_bytes) {
  if (num_bytes > 8) fail("its pickle holds an integer of more than 64 bits");
  std::uint64_t value = 0;
  std::uint8_t last = 0;
  for (int i = 0; i < num_bytes; ++i) {
    last = reader_.u8();
    value |= static_cast<std::uint64_t>(last) << (8 * i);
  }
  const bool negative = (last & 0x80) != 0;
  if (negative && num_bytes < 8) value |= ~std::uint64_t{0} << (8 * num_bytes);
  return static_cast<std::int64_t>(value);
}

double Unpickler::big_endian_double() {
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | reader_.u8();
  return std::bit_cast<double>(bits);
}

std::string Unpickler::line() {
  constexpr size_t kMaxName = 4096;
  std::string text;
  for (char c = static_cast<char>(reader_.u8()); c != '\n'; c = static_cast<char>(reader_.u8())) {
    text += c;
    if (text.size() > kMaxName) fail_corrupt("a name does not end");
  }
  return text;
}

PickleTree read_pickle(std::span<const std::byte> bytes, const std::string& what) {
  return Unpickler(bytes, what).run();
}

PickleTree read_first_pickle(std::span<const std::byte> bytes,
                             const std::string& what,
                             std::uint64_t& num_bytes) {
  Unpickler unpickler(bytes, what);
  PickleTree tree = unpickler.run();
  num_bytes = unpickler.position();
  return tree;
}

}  // namespace kilonat::codec
