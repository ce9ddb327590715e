// SPDX-License-Identifier: Apache-2.0
// A PKCS#11 module for tests: the module of $ODD_TOKEN_BEHIND, but for what $ODD_TOKEN says. It notes every login, as one
// byte, in the file $ODD_TOKEN_LOGINS.
//   wrong-signature  a bit of each signature is flipped
//   short-signature  signatures end a byte early
//   bare-point       public keys are 32 bytes, without the DER around them
//   keypad           the PIN is typed on the token itself, and none comes through the program
//   no-eddsa         it knows no EdDSA
//   locked           its PIN is locked
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

#include <p11-kit/pkcs11.h>

namespace {

CK_FUNCTION_LIST behind;
CK_FUNCTION_LIST shown;

bool is(const char* oddity) {
  const char* wanted = std::getenv("ODD_TOKEN");
  return wanted != nullptr && std::strcmp(wanted, oddity) == 0;
}

CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return is("no-eddsa") ? CKR_MECHANISM_INVALID : behind.C_SignInit(session, mechanism, key);
}

CK_RV sign(CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG size, unsigned char* signature, CK_ULONG* length) {
  const CK_RV answer = behind.C_Sign(session, data, size, signature, length);
  if (answer == CKR_OK && signature != nullptr && is("wrong-signature")) signature[7] ^= 0x10;
  if (answer == CKR_OK && signature != nullptr && is("short-signature")) --*length;
  return answer;
}

CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  const CK_RV answer = behind.C_GetTokenInfo(slot, info);
  if (answer == CKR_OK && is("keypad")) info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
  if (answer == CKR_OK && is("locked")) info->flags |= CKF_USER_PIN_LOCKED;
  return answer;
}

CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char* pin, CK_ULONG length) {
  if (const char* path = std::getenv("ODD_TOKEN_LOGINS"))
    if (std::FILE* file = std::fopen(path, "ab")) {
      std::fputc('x', file);
      std::fclose(file);
    }
  unsigned char typed[] = {'1', '2', '3', '4'};
  if (is("keypad")) return pin != nullptr ? CKR_ARGUMENTS_BAD : behind.C_Login(session, user, typed, sizeof typed);
  return behind.C_Login(session, user, pin, length);
}

CK_RV attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* wanted, CK_ULONG count) {
  const CK_RV answer = behind.C_GetAttributeValue(session, object, wanted, count);
  if (answer != CKR_OK || !is("bare-point")) return answer;
  for (CK_ULONG i = 0; i < count; ++i) {
    if (wanted[i].type != CKA_EC_POINT || wanted[i].pValue == nullptr || wanted[i].ulValueLen != 34) continue;
    std::memmove(wanted[i].pValue, static_cast<unsigned char*>(wanted[i].pValue) + 2, 32);
    wanted[i].ulValueLen = 32;
  }
  return answer;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  const char* path = std::getenv("ODD_TOKEN_BEHIND");
  void* library = path != nullptr ? ::dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
  void* symbol = library != nullptr ? ::dlsym(library, "C_GetFunctionList") : nullptr;
  if (symbol == nullptr) return CKR_GENERAL_ERROR;
  CK_FUNCTION_LIST* real = nullptr;
  if (const CK_RV answer = reinterpret_cast<CK_C_GetFunctionList>(symbol)(&real); answer != CKR_OK) return answer;
  behind = *real;
  shown = *real;
  shown.C_GetFunctionList = C_GetFunctionList;
  shown.C_GetTokenInfo = token_info;
  shown.C_Login = login;
  shown.C_SignInit = sign_init;
  shown.C_Sign = sign;
  shown.C_GetAttributeValue = attributes;
  *list = &shown;
  return CKR_OK;
}
