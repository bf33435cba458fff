/*
 * A password or a token that stands in a file, so that it is neither in the ini file nor in any
 * list of arguments. It is read each time that it is needed, so that a new one counts at once.
 *
 * Threads: any.
 */
#ifndef SHMPUBD_SECRET_FILE_H
#define SHMPUBD_SECRET_FILE_H

#include "shmpub/shmpub.h"

#define SECRET_SIZE 8192

/*
 * Sets *out to the first line of the file, without its end. SHMPUB_ERR_SYS: it cannot be read;
 * SHMPUB_ERR_INVALID: it is empty, too long, or has bytes that cannot be sent. No message contains
 * any of its text. To be cleared by secret_forget().
 */
int secret_read(char out[SECRET_SIZE], const char *path, struct shmpub_error *err);
void secret_forget(char secret[SECRET_SIZE]);

#endif
