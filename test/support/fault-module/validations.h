/*
 * Objects of class CKO_VALIDATION (PKCS#11 3.2) that the fault module shows in front of a token that has none, as FAULT_MODULE_VALIDATIONS says:
 * a file with one attribute a line,
 *
 *   OBJECT TYPE VALUE
 *
 * the number of the object from 1, the attribute and its bytes, all hexadecimal. With that file the module says that it follows PKCS#11 3.2.
 * It is read once, when the module is loaded; one search at a time.
 */
#define VALIDATION_CLASS 0x0aUL
#define FIRST_VALIDATION 0x7a110000UL
#define MAX_SHOWN 256

static struct shown {
  CK_OBJECT_HANDLE handle;
  CK_ATTRIBUTE_TYPE type;
  unsigned char *value;
  CK_ULONG length;
} shown[MAX_SHOWN];
static CK_ULONG shown_count, searched, shown_last;
static int shows_validations, is_searching;

static int nibble(char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; }

/* 0 for a file that is not understood. */
static int read_validations(void) {
  const char *path = getenv("FAULT_MODULE_VALIDATIONS");
  if (path == NULL) return 1;
  FILE *file = fopen(path, "re");
  if (file == NULL) return 0;
  char *text = NULL;
  size_t size = 0;
  while (getline(&text, &size, file) > 0) {
    unsigned long object, type;
    int start = 0;
    if (shown_count == MAX_SHOWN || sscanf(text, "%lx %lx %n", &object, &type, &start) != 2 || start == 0) return 0;
    size_t digits = strspn(text + start, "0123456789abcdef");
    struct shown *one = &shown[shown_count++];
    one->handle = FIRST_VALIDATION + object;
    one->type = type;
    one->length = digits / 2;
    one->value = malloc(one->length + 1);
    // Not by sscanf, which looks for the end of the whole text each time.
    for (CK_ULONG i = 0; i < one->length; i++) one->value[i] = (unsigned char)(nibble(text[start + 2 * i]) << 4 | nibble(text[start + 2 * i + 1]));
    if (one->handle > shown_last) shown_last = one->handle;
  }
  free(text);
  fclose(file);
  return shows_validations = 1;
}

/* Whether this search is for them; then it is answered here. */
static int begins_search(const CK_ATTRIBUTE *template, CK_ULONG count) {
  is_searching = 0;
  for (CK_ULONG i = 0; shows_validations && i < count; i++) {
    if (template[i].type == CKA_CLASS && template[i].ulValueLen == sizeof(CK_ULONG) && *(CK_ULONG *)template[i].pValue == VALIDATION_CLASS) is_searching = 1;
  }
  searched = FIRST_VALIDATION;
  return is_searching;
}

static CK_RV found_validations(CK_OBJECT_HANDLE *handles, CK_ULONG room, CK_ULONG *count) {
  for (*count = 0; *count < room && searched < shown_last; (*count)++) handles[*count] = ++searched;
  return CKR_OK;
}

static CK_RV validation_attributes(CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *attributes, CK_ULONG count) {
  CK_RV rv = CKR_OK;
  for (CK_ULONG i = 0; i < count; i++) {
    const struct shown *one = NULL;
    for (CK_ULONG j = 0; j < shown_count && one == NULL; j++) if (shown[j].handle == handle && shown[j].type == attributes[i].type) one = &shown[j];
    if (one == NULL) {
      attributes[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
      rv = CKR_ATTRIBUTE_TYPE_INVALID;
    } else if (attributes[i].pValue != NULL && attributes[i].ulValueLen < one->length) {
      attributes[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
      rv = CKR_BUFFER_TOO_SMALL;
    } else {
      if (attributes[i].pValue != NULL) memcpy(attributes[i].pValue, one->value, one->length);
      attributes[i].ulValueLen = one->length;
    }
  }
  return rv;
}
