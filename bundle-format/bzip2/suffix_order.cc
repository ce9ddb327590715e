// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/bzip2/suffix_order.h"

namespace patchferry::bzip2 {

namespace {

using Index = std::int32_t;
using Order = std::vector<Index>;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

// Symbol is a byte, or (in the recursion) the name of a part of the text. A suffix is of type S if it is less than the
// one behind it, else of type L; an S behind an L is a left-most S. `sorted` symbols are 0 … most.
template <class Symbol>
class Induced {
 public:
  Induced(const Symbol* text, Index size, Index most)
      : text_(text), size_(size), is_s_(at(size)), ends_l_(at(most) + 2), ends_s_(at(most) + 2) {
    for (Index i = size - 2; i >= 0; --i)
      is_s_[at(i)] = text[i] == text[i + 1] ? is_s_[at(i + 1)] : static_cast<char>(text[i] < text[i + 1]);
    // Within a symbol's bucket, suffixes of type L come before those of type S.
    Order count_l(at(most) + 1);
    Order count_s(at(most) + 1);
    for (Index i = 0; i < size; ++i) ++(is_s_[at(i)] != 0 ? count_s : count_l)[at(static_cast<Index>(text[i]))];
    Index sum = 0;
    for (std::size_t c = 0; c <= at(most); ++c) {
      ends_l_[c] = sum;  // the bucket's beginning
      sum += count_l[c];
      ends_s_[c] = sum;  // where its S part begins
      sum += count_s[c];
    }
    ends_l_[at(most) + 1] = sum;
  }

  Order run() {
    Order order(at(size_), -1);
    if (size_ == 1) {
      order[0] = 0;
      return order;
    }
    Order places;                 // of left-most S, in the text's order
    Order number(at(size_), -1);  // place -> which of them
    for (Index i = 1; i < size_; ++i)
      if (is_s_[at(i)] != 0 && is_s_[at(i - 1)] == 0) {
        number[at(i)] = static_cast<Index>(places.size());
        places.push_back(i);
      }
    induce(places, order);
    if (places.empty()) return order;

    Order by_part;  // left-most S, sorted by the part up to the next one
    for (const Index v : order)
      if (v >= 0 && number[at(v)] >= 0) by_part.push_back(v);
    Order names(places.size());
    Index name = 0;
    for (std::size_t i = 1; i < by_part.size(); ++i) {
      if (!same_part(by_part[i - 1], by_part[i], places, number)) ++name;
      names[at(number[at(by_part[i])])] = name;
    }
    Order sorted;
    if (at(name) + 1 < places.size()) {
      const Order order_of_names = Induced<Index>(names.data(), static_cast<Index>(names.size()), name).run();
      for (const Index v : order_of_names) sorted.push_back(places[at(v)]);
    } else {
      sorted = std::move(by_part);
    }
    induce(sorted, order);
    return order;
  }

 private:
  bool same_part(Index a, Index b, const Order& places, const Order& number) const {
    const auto end_of = [&](Index start) {
      const std::size_t next = at(number[at(start)]) + 1;
      return next < places.size() ? places[next] : size_;
    };
    const Index end_a = end_of(a);
    const Index end_b = end_of(b);
    if (end_a - a != end_b - b) return false;
    for (; a < end_a; ++a, ++b)
      if (text_[a] != text_[b]) return false;
    // The last symbol (of the next left-most S) counts; none behind the text's end is like another.
    return end_a < size_ && end_b < size_ && text_[end_a] == text_[end_b];
  }

  // From the order of the left-most S to that of all L, and from there to that of all S.
  void induce(const Order& leftmost, Order& order) const {
    order.assign(at(size_), -1);
    Order next = ends_s_;
    for (const Index v : leftmost) order[at(next[symbol(v)]++)] = v;
    next = ends_l_;
    order[at(next[symbol(size_ - 1)]++)] = size_ - 1;
    for (std::size_t i = 0; i < at(size_); ++i) {
      const Index v = order[i];
      if (v >= 1 && is_s_[at(v - 1)] == 0) order[at(next[symbol(v - 1)]++)] = v - 1;
    }
    next = ends_l_;
    for (std::size_t i = at(size_); i-- > 0;) {
      const Index v = order[i];
      if (v >= 1 && is_s_[at(v - 1)] != 0) order[at(--next[symbol(v - 1) + 1])] = v - 1;
    }
  }
  std::size_t symbol(Index place) const { return at(static_cast<Index>(text_[place])); }

  const Symbol* const text_;
  const Index size_;
  std::vector<char> is_s_;
  Order ends_l_;
  Order ends_s_;
};

}  // namespace

std::vector<std::int32_t> suffix_order(ByteSpan text) {
  if (text.empty()) return {};
  const auto* symbols = reinterpret_cast<const std::uint8_t*>(text.data());
  return Induced<std::uint8_t>(symbols, static_cast<Index>(text.size()), 255).run();
}

std::size_t least_rotation(ByteSpan text) {
  const std::size_t n = text.size();
  std::size_t a = 0;
  std::size_t b = 1;
  for (std::size_t same = 0; a < n && b < n && same < n;) {
    const auto left = text[(a + same) % n];
    const auto right = text[(b + same) % n];
    if (left == right) {
      ++same;
      continue;
    }
    (left > right ? a : b) += same + 1;
    if (a == b) ++b;
    same = 0;
  }
  return a < b ? a : b;
}

}  // namespace patchferry::bzip2
