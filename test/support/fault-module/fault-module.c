/*
 * A PKCS#11 module for tests: it forwards every call to a real one and counts it, and fails in the way and at the call it is told to.
 *
 * Environment: FAULT_MODULE_TARGET, the real module; FAULT_MODULE_COUNTS, the shared counters (control.h); FAULT_MODULE_CONTROL, the
 * faults (control.h). All three are wanted, or the module does not load. FAULT_MODULE_VALIDATIONS, objects to show (validations.h); not wanted.
 *
 * Compiled against the headers of PKCS#11 that come with pkcs11js; the list of functions is that of version 2.40.
 */
#include "control.h"
#include "validations.h"

static CK_FUNCTION_LIST_PTR target;

/* A call: counted, then refused, or passed on with what the fault does to its answer. */
#define CALL(name, passed) \
  struct fault fault; \
  CK_RV refusal = enter(INDEX_##name, &fault); \
  return refusal != CKR_OK ? refusal : answer(&fault, passed)

#define F1(name, A) static CK_RV name##_(A a) { CALL(name, target->name (a)); }
#define F2(name, A, B) static CK_RV name##_(A a, B b) { CALL(name, target->name (a, b)); }
#define F3(name, A, B, C) static CK_RV name##_(A a, B b, C c) { CALL(name, target->name (a, b, c)); }
#define F4(name, A, B, C, D) static CK_RV name##_(A a, B b, C c, D d) { CALL(name, target->name (a, b, c, d)); }
#define F5(name, A, B, C, D, E) static CK_RV name##_(A a, B b, C c, D d, E e) { CALL(name, target->name (a, b, c, d, e)); }
#define F6(name, A, B, C, D, E, F) static CK_RV name##_(A a, B b, C c, D d, E e, F f) { CALL(name, target->name (a, b, c, d, e, f)); }
#define F8(name, A, B, C, D, E, F, G, H) \
  static CK_RV name##_(A a, B b, C c, D d, E e, F f, G g, H h) { CALL(name, target->name (a, b, c, d, e, f, g, h)); }

/* Data in, data out: the fault `flip` changes one bit of what came out. */
#define DATA(name) \
  static CK_RV name##_(CK_SESSION_HANDLE a, CK_BYTE_PTR b, CK_ULONG c, CK_BYTE_PTR out, CK_ULONG_PTR length) { \
    struct fault fault; \
    CK_RV rv = enter(INDEX_##name, &fault); \
    if (rv != CKR_OK) return rv; \
    rv = target->name(a, b, c, out, length); \
    if (fault.action == FLIP && rv == CKR_OK && out != NULL && *length > 0) out[*length / 2] ^= 1; \
    return answer(&fault, rv); \
  }

typedef CK_SESSION_HANDLE SESSION;
typedef CK_OBJECT_HANDLE OBJECT;
typedef CK_BYTE_PTR BYTES;
typedef CK_ULONG COUNT;
typedef CK_ULONG_PTR COUNTS;
typedef CK_MECHANISM_PTR MECHANISM;
typedef CK_ATTRIBUTE_PTR TEMPLATE;
typedef CK_OBJECT_HANDLE_PTR OBJECTS;

F1(C_Initialize, CK_VOID_PTR)
F1(C_Finalize, CK_VOID_PTR)
F3(C_GetSlotList, CK_BBOOL, CK_SLOT_ID_PTR, COUNTS)
F2(C_GetSlotInfo, CK_SLOT_ID, CK_SLOT_INFO_PTR)
F2(C_GetTokenInfo, CK_SLOT_ID, CK_TOKEN_INFO_PTR)
F3(C_GetMechanismList, CK_SLOT_ID, CK_MECHANISM_TYPE_PTR, COUNTS)
F3(C_GetMechanismInfo, CK_SLOT_ID, CK_MECHANISM_TYPE, CK_MECHANISM_INFO_PTR)
F4(C_InitToken, CK_SLOT_ID, BYTES, COUNT, BYTES)
F3(C_InitPIN, SESSION, BYTES, COUNT)
F5(C_SetPIN, SESSION, BYTES, COUNT, BYTES, COUNT)
F5(C_OpenSession, CK_SLOT_ID, CK_FLAGS, CK_VOID_PTR, CK_NOTIFY, CK_SESSION_HANDLE_PTR)
F1(C_CloseSession, SESSION)
F1(C_CloseAllSessions, CK_SLOT_ID)
F2(C_GetSessionInfo, SESSION, CK_SESSION_INFO_PTR)
F3(C_GetOperationState, SESSION, BYTES, COUNTS)
F5(C_SetOperationState, SESSION, BYTES, COUNT, OBJECT, OBJECT)
F4(C_Login, SESSION, CK_USER_TYPE, BYTES, COUNT)
F1(C_Logout, SESSION)
F4(C_CreateObject, SESSION, TEMPLATE, COUNT, OBJECTS)
F5(C_CopyObject, SESSION, OBJECT, TEMPLATE, COUNT, OBJECTS)
F2(C_DestroyObject, SESSION, OBJECT)
F3(C_GetObjectSize, SESSION, OBJECT, COUNTS)
F4(C_SetAttributeValue, SESSION, OBJECT, TEMPLATE, COUNT)
F3(C_EncryptInit, SESSION, MECHANISM, OBJECT)
DATA(C_Encrypt)
F5(C_EncryptUpdate, SESSION, BYTES, COUNT, BYTES, COUNTS)
F3(C_EncryptFinal, SESSION, BYTES, COUNTS)
F3(C_DecryptInit, SESSION, MECHANISM, OBJECT)
DATA(C_Decrypt)
F5(C_DecryptUpdate, SESSION, BYTES, COUNT, BYTES, COUNTS)
F3(C_DecryptFinal, SESSION, BYTES, COUNTS)
F2(C_DigestInit, SESSION, MECHANISM)
DATA(C_Digest)
F3(C_DigestUpdate, SESSION, BYTES, COUNT)
F2(C_DigestKey, SESSION, OBJECT)
F3(C_DigestFinal, SESSION, BYTES, COUNTS)
F3(C_SignInit, SESSION, MECHANISM, OBJECT)
DATA(C_Sign)
F3(C_SignUpdate, SESSION, BYTES, COUNT)
F3(C_SignFinal, SESSION, BYTES, COUNTS)
F3(C_SignRecoverInit, SESSION, MECHANISM, OBJECT)
DATA(C_SignRecover)
F3(C_VerifyInit, SESSION, MECHANISM, OBJECT)
F5(C_Verify, SESSION, BYTES, COUNT, BYTES, COUNT)
F3(C_VerifyUpdate, SESSION, BYTES, COUNT)
F3(C_VerifyFinal, SESSION, BYTES, COUNT)
F3(C_VerifyRecoverInit, SESSION, MECHANISM, OBJECT)
DATA(C_VerifyRecover)
F5(C_DigestEncryptUpdate, SESSION, BYTES, COUNT, BYTES, COUNTS)
F5(C_DecryptDigestUpdate, SESSION, BYTES, COUNT, BYTES, COUNTS)
F5(C_SignEncryptUpdate, SESSION, BYTES, COUNT, BYTES, COUNTS)
F5(C_DecryptVerifyUpdate, SESSION, BYTES, COUNT, BYTES, COUNTS)
F5(C_GenerateKey, SESSION, MECHANISM, TEMPLATE, COUNT, OBJECTS)
F8(C_GenerateKeyPair, SESSION, MECHANISM, TEMPLATE, COUNT, TEMPLATE, COUNT, OBJECTS, OBJECTS)
F6(C_WrapKey, SESSION, MECHANISM, OBJECT, OBJECT, BYTES, COUNTS)
F8(C_UnwrapKey, SESSION, MECHANISM, OBJECT, BYTES, COUNT, TEMPLATE, COUNT, OBJECTS)
F6(C_DeriveKey, SESSION, MECHANISM, OBJECT, TEMPLATE, COUNT, OBJECTS)
F3(C_SeedRandom, SESSION, BYTES, COUNT)
F3(C_GenerateRandom, SESSION, BYTES, COUNT)
F1(C_GetFunctionStatus, SESSION)
F1(C_CancelFunction, SESSION)
F3(C_WaitForSlotEvent, CK_FLAGS, CK_SLOT_ID_PTR, CK_VOID_PTR)

static CK_RV C_GetInfo_(CK_INFO_PTR info) {
  struct fault fault;
  CK_RV rv = enter(INDEX_C_GetInfo, &fault);
  if (rv != CKR_OK) return rv;
  rv = target->C_GetInfo(info);
  if (shows_validations && rv == CKR_OK) info->cryptokiVersion = (CK_VERSION){ 3, 2 };
  return answer(&fault, rv);
}

static CK_RV C_FindObjectsInit_(SESSION session, TEMPLATE template, COUNT count) {
  CALL(C_FindObjectsInit, begins_search(template, count) ? CKR_OK : target->C_FindObjectsInit(session, template, count));
}

static CK_RV C_FindObjects_(SESSION session, OBJECTS objects, COUNT room, COUNTS count) {
  CALL(C_FindObjects, is_searching ? found_validations(objects, room, count) : target->C_FindObjects(session, objects, room, count));
}

static CK_RV C_FindObjectsFinal_(SESSION session) {
  CALL(C_FindObjectsFinal, is_searching ? CKR_OK : target->C_FindObjectsFinal(session));
}

/* The fault `lie` changes the value of one attribute: a CK_BBOOL becomes the other one, of a longer value the last byte changes. */
static CK_RV C_GetAttributeValue_(SESSION session, OBJECT object, TEMPLATE attributes, COUNT count) {
  struct fault fault;
  CK_RV rv = enter(INDEX_C_GetAttributeValue, &fault);
  if (rv != CKR_OK) return rv;
  rv = object > FIRST_VALIDATION && object <= shown_last ? validation_attributes(object, attributes, count)
                                                         : target->C_GetAttributeValue(session, object, attributes, count);
  for (CK_ULONG i = 0; fault.action == LIE && rv == CKR_OK && i < count; i++) {
    if (attributes[i].type != fault.argument || attributes[i].pValue == NULL || attributes[i].ulValueLen == 0) continue;
    ((CK_BYTE_PTR)attributes[i].pValue)[attributes[i].ulValueLen - 1] ^= 1;
  }
  return answer(&fault, rv);
}

static CK_RV C_GetFunctionList_(CK_FUNCTION_LIST_PTR_PTR list) { return C_GetFunctionList(list); }

static CK_FUNCTION_LIST functions = {
  { 2, 40 },
#define CK_PKCS11_FUNCTION_INFO(name) name##_,
#include <pkcs11f.h>
#undef CK_PKCS11_FUNCTION_INFO
};

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list) {
  if (target == NULL) {
    const char *path = getenv("FAULT_MODULE_TARGET");
    void *module = path == NULL || !open_control() || !read_validations() ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get = module == NULL ? NULL : (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");
    if (get == NULL || get(&target) != CKR_OK) return CKR_GENERAL_ERROR;
  }
  *list = &functions;
  return CKR_OK;
}
