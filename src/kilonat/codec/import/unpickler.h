#pragma once
/// The stack machine that a pickle is a program for, without the instructions that could do harm.
/// Internal to the three pickle*.cpp files.

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "kilonat/base/byte_reader.h"
#include "kilonat/codec/import/pickle.h"

namespace kilonat::codec {

class Unpickler {
 public:
  Unpickler(std::span<const std::byte> bytes, const std::string& what)
      : reader_(bytes, what), what_(what) {}

  /// Runs the program to its end.
  PickleTree run();
  /// Bytes that the program took.
  [[nodiscard]] std::uint64_t position() const { return reader_.position(); }

 private:
  using Kind = PickleValue::Kind;
  using Values = std::vector<PickleValue*>;

  // pickle.cpp: instructions; each group says whether the opcode is one of its own.
  void execute(std::uint8_t opcode);
  bool execute_scalar(std::uint8_t opcode);
  bool execute_container(std::uint8_t opcode);
  bool execute_object(std::uint8_t opcode);
  void check_protocol(int protocol) const;
  std::int64_t long_integer(int num_bytes);
  double big_endian_double();
  std::string line();

  // pickle_stack.cpp: the stack and the memo.
  PickleValue* make(Kind kind);
  void push(PickleValue* value) { stack_.push_back(value); }
  void push_int(std::int64_t value);
  void push_bool(bool value);
  void push_text(std::uint64_t num_bytes);
  void push_tuple(Values items);
  PickleValue* top();
  PickleValue* top(Kind kind);
  PickleValue* pop();
  PickleValue* pop(Kind kind);
  Values pop_count(int count);
  /// Everything above the last mark; the mark goes too.
  Values pop_to_mark();
  void put(std::uint64_t index) { memo_[index] = top(); }
  void get(std::uint64_t index);
  void append(const Values& items);
  void set_items(const Values& items);

  // pickle_objects.cpp: what a pickle may name and call.
  void push_global(const std::string& module, const std::string& name);
  void push_storage();
  void call();
  void call_ordered_dict(const Values& arguments);
  void call_rebuild_tensor(const Values& arguments);
  void call_rebuild_parameter(const Values& arguments);
  [[nodiscard]] std::vector<std::int64_t> integers(const PickleValue& value) const;

  [[noreturn]] void fail(const std::string& text) const;
  [[noreturn]] void fail_corrupt(const std::string& text) const;

  ByteReader reader_;
  std::string what_;
  PickleTree tree_;
  Values stack_;
  std::unordered_map<std::uint64_t, PickleValue*> memo_;
};

}  // namespace kilonat::codec
