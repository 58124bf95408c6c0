// SPDX-License-Identifier: GPL-2.0-or-later
// What a fallible function returns: a value, or an Error that says what happened and what to do.
//
//   Result<std::string> text = read_file("/etc/hostname");
//   auto name = TRY(read_file("/etc/hostname"));      // hands an Error on to the caller
//   return fail("no NIC with MAC {}", mac).advise("check the nics: of the node in cluster.yaml");
//
// Libraries return errors and never log them; commands and boot stages log them, once.
#pragma once

#include <fmt/format.h>
#include <cerrno>
#include <cstring>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace pando {

// Decides the exit status: bad input is the user's to mend (2), anything else is a failure (1).
enum class ErrorKind { failed, bad_input, timeout };

struct Error {
    std::string what;    // one line or several: what happened, to whom, why
    std::string advice;  // what to do about it; empty when nobody can say
    ErrorKind kind = ErrorKind::failed;
    int sys = 0;  // errno of the system call behind it, 0 when there was none

    // Context is put in front on the way up: "reading cluster.yaml: no such file".
    Error context(std::string_view outer) const {
        Error e = *this;
        e.what = fmt::format("{}: {}", outer, what);
        return e;
    }
};

template <typename T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using tl::expected<T, Error>::expected;
};

// A failure on its way to becoming a Result of any type.
class Failure {
public:
    explicit Failure(Error e) : error_(std::move(e)) {}
    Failure& advise(std::string_view advice) {
        error_.advice = advice;
        return *this;
    }
    Failure& kind(ErrorKind kind) {
        error_.kind = kind;
        return *this;
    }
    template <typename T>
    operator Result<T>() const {  // NOLINT(google-explicit-constructor): `return fail(…)` is the point
        return tl::unexpected<Error>(error_);
    }
    const Error& error() const { return error_; }

private:
    Error error_;
};

template <typename... Args>
Failure fail(fmt::format_string<Args...> format, Args&&... args) {
    return Failure(Error{fmt::format(format, std::forward<Args>(args)...), {}, ErrorKind::failed, 0});
}

template <typename... Args>
Failure bad_input(fmt::format_string<Args...> format, Args&&... args) {
    return Failure(Error{fmt::format(format, std::forward<Args>(args)...), {}, ErrorKind::bad_input, 0});
}

// For a failed system call: the text of `err` follows the message.
template <typename... Args>
Failure fail_errno(int err, fmt::format_string<Args...> format, Args&&... args) {
    return Failure(Error{fmt::format("{}: {}", fmt::format(format, std::forward<Args>(args)...), std::strerror(err)),
                         {},
                         ErrorKind::failed,
                         err});
}

namespace detail {
template <typename T>
T take(Result<T>& result) {
    return std::move(*result);
}
inline void take(Result<void>&) {}
}  // namespace detail

}  // namespace pando

// The value of a Result, or a return of its Error from the calling function.
// A GNU statement expression: there is no standard way to write `?` in C++20.
#define TRY(expression)                                                 \
    __extension__({                                                     \
        auto try_result_ = (expression);                                \
        if (!try_result_) return ::pando::Failure(try_result_.error()); \
        ::pando::detail::take(try_result_);                             \
    })
