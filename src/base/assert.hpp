#pragma once

/// QIAO_ASSERT: states what only a bug can break. On in release: a wrong patient is worse than a restart.
namespace qiao {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}  // namespace qiao

#define QIAO_ASSERT(expression) (static_cast<bool>(expression) ? void(0) : ::qiao::assertion_failed(#expression, __FILE__, __LINE__))
