#pragma once
/// Checks an error's type and words at once.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kilonat::testing {

/// The message of the ErrorType that `action` throws; fails the test if it throws none.
template <class ErrorType, class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const ErrorType& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error: " << error.what();
    return {};
  }
  ADD_FAILURE() << "no error";
  return {};
}

}  // namespace kilonat::testing
